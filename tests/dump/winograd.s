forward

k00
sum[n,k,i,j] = sum{c,r,s} x[n,c,i+r-1,j+s-1] * weight[k,c,r,s]
y[n,k,i,j] = bias[k] + sum[n,k,i,j]
y2[n,k,i,j] = max(0, y[n,k,i,j])
_tile(x, weight, bias, y2, n, i, k, j0, jn, edge)
	vector acc[11]
	for jt = 0 .. 11, unrolled
		acc[jt] = nn_splat(0)
	for c = 0 .. 3
		for r = nn_lo(i - 1, 1) .. nn_hi(i - 1, 1, 12, 3)
			for s = 0 .. 3, unrolled
				no load moves over this line
				for jt = 0 .. jn, unrolled
					if !edge || (unsigned)(j0 + jt + s - 1) < 11u
						acc[jt] += x[n][c][i + r - 1][j0 + jt + s - 1] * weight[k][c][r][s]
	for jt = 0 .. jn, unrolled
		vector sum = acc[jt]
		vector y = bias[k] + sum
		y2[n][k][i][j0 + jt] = nn_max(nn_splat(0), y)
kernel(x, weight, bias, y2)
	int live = t->run->live
	span part = nn_share(t, live)
	for n = part.from .. part.to
		for i = 0 .. 12
			for k = 0 .. 4
				call _tile(x, weight, bias, y2, n, i, k, 0, 11, 1)

k01
U[p,q,k,c] = sum{a,b} G[p,a] * G[q,b] * weight[k,c,a,b]
kernel(weight, U)
	span part = nn_share(t, 128)
	for piece = part.from .. part.to
		int k = piece / 32
		int c = piece % 32
		block
			vector h[6][3]
			vector o[6][6]
			for b = 0 .. 3, unrolled
				vector d[3]
				for a = 0 .. 3, unrolled
					d[a] = weight[k][c][a][b]
				h[0][b] = (nn_real)0.25 * d[0]
				vector even1 = -((nn_real)0.16666666666666666) * d[0] - (nn_real)0.16666666666666666 * d[2]
				vector odd1 = d[1]
				h[1][b] = even1 - (nn_real)0.16666666666666666 * odd1
				h[2][b] = even1 + (nn_real)0.16666666666666666 * odd1
				vector even3 = (nn_real)0.041666666666666664 * d[0] + (nn_real)0.16666666666666666 * d[2]
				vector odd3 = d[1]
				h[3][b] = even3 + (nn_real)0.08333333333333333 * odd3
				h[4][b] = even3 - (nn_real)0.08333333333333333 * odd3
				h[5][b] = d[2]
			for p = 0 .. 6, unrolled
				o[p][0] = (nn_real)0.25 * h[p][0]
				vector even1 = -((nn_real)0.16666666666666666) * h[p][0] - (nn_real)0.16666666666666666 * h[p][2]
				vector odd1 = h[p][1]
				o[p][1] = even1 - (nn_real)0.16666666666666666 * odd1
				o[p][2] = even1 + (nn_real)0.16666666666666666 * odd1
				vector even3 = (nn_real)0.041666666666666664 * h[p][0] + (nn_real)0.16666666666666666 * h[p][2]
				vector odd3 = h[p][1]
				o[p][3] = even3 + (nn_real)0.08333333333333333 * odd3
				o[p][4] = even3 - (nn_real)0.08333333333333333 * odd3
				o[p][5] = h[p][2]
			for p = 0 .. 6, unrolled
				for q = 0 .. 6, unrolled
					U[p][q][k][c] = o[p][q]
---- barrier

k02
V[n,band,p,q,c,3u+v] = sum{a,b} B[p,a] * B[q,b] * y[n,c,12band+4u+a-1,4v+b-1]
M[n,band,p,q,k,z] = sum{c} V[n,band,p,q,c,z] * U[p,q,k,c]
sum[n,k,12band+4u+a,4v+b] = sum{p,q} A[a,p] * A[b,q] * M[n,band,p,q,k,3u+v]
_1(y, V, n)
	for c = 0 .. 4
		for u = 0 .. 3
			for v = 0 .. 3
				block
					vector h[6][6]
					vector o[6][6]
					for a = 6 .. 10, unrolled
						prefetch 4 vectors at &y[n][c][0][0] + 11 * (4 * u + a - 1) + 4 * v
					if (unsigned)(4 * u - 1) < 12u && (unsigned)(4 * v - 1) < 11u && ((unsigned)(4 * u + 4) < 12u && (unsigned)(4 * v + 4) < 11u)
						for b = 0 .. 6, unrolled
							vector d[6]
							for a = 0 .. 6, unrolled
								d[a] = y[n][c][4 * u + a - 1][4 * v + b - 1]
							h[0][b] = 4 * d[0] - 5 * d[2] + d[4]
							vector even1 = -(4) * d[2] + d[4]
							vector odd1 = -(4) * d[1] + d[3]
							h[1][b] = even1 + odd1
							h[2][b] = even1 - odd1
							vector even3 = -d[2] + d[4]
							vector odd3 = d[1] - d[3]
							h[3][b] = even3 - 2 * odd3
							h[4][b] = even3 + 2 * odd3
							h[5][b] = 4 * d[1] - 5 * d[3] + d[5]
					else
						for b = 0 .. 6, unrolled
							vector d[6]
							for a = 0 .. 6, unrolled
								d[a] = (unsigned)(4 * u + a - 1) < 12u && (unsigned)(4 * v + b - 1) < 11u ? y[n][c][4 * u + a - 1][4 * v + b - 1] : nn_splat(0)
							h[0][b] = 4 * d[0] - 5 * d[2] + d[4]
							vector even1 = -(4) * d[2] + d[4]
							vector odd1 = -(4) * d[1] + d[3]
							h[1][b] = even1 + odd1
							h[2][b] = even1 - odd1
							vector even3 = -d[2] + d[4]
							vector odd3 = d[1] - d[3]
							h[3][b] = even3 - 2 * odd3
							h[4][b] = even3 + 2 * odd3
							h[5][b] = 4 * d[1] - 5 * d[3] + d[5]
					for p = 0 .. 6, unrolled
						o[p][0] = 4 * h[p][0] - 5 * h[p][2] + h[p][4]
						vector even1 = -(4) * h[p][2] + h[p][4]
						vector odd1 = -(4) * h[p][1] + h[p][3]
						o[p][1] = even1 + odd1
						o[p][2] = even1 - odd1
						vector even3 = -h[p][2] + h[p][4]
						vector odd3 = h[p][1] - h[p][3]
						o[p][3] = even3 - 2 * odd3
						o[p][4] = even3 + 2 * odd3
						o[p][5] = 4 * h[p][1] - 5 * h[p][3] + h[p][5]
					for p = 0 .. 6, unrolled
						for q = 0 .. 6, unrolled
							V[p][q][c][3 * u + v] = o[p][q]
_2_tile(V, U, M, p, q, k0, kn, z0, zn)
	vector acc[4][3]
	for kt = 0 .. 4, unrolled
		for zt = 0 .. 3, unrolled
			acc[kt][zt] = nn_splat(0)
	for c0 = 0 .. 32 step 8
		for ct = 0 .. 8, unrolled
			no load moves over this line
			for kt = 0 .. kn, unrolled
				for zt = 0 .. zn, unrolled
					acc[kt][zt] += NN_AT(V[p][q][c0 / 8][z0 + zt], ct) * U[p][q][k0 + kt][c0 + ct]
	for kt = 0 .. kn, unrolled
		for zt = 0 .. zn, unrolled
			M[p][q][k0 + kt][z0 + zt] = acc[kt][zt]
_2(V, U, M)
	for p = 0 .. 6
		for q = 0 .. 6
			for z0 = 0 .. 9 step 3
				call _2_tile(V, U, M, p, q, 0, 4, z0, 3)
_3(M, sum, n)
	for k = 0 .. 4
		for u = 0 .. 3
			for v = 0 .. 3
				block
					vector h[4][6]
					vector o[4][4]
					for a = 4 .. 8, unrolled
						prefetch 4 vectors at &sum[n][k][0][0] + 11 * (4 * u + a) + 4 * v, to write
					for q = 0 .. 6, unrolled
						vector d[6]
						for p = 0 .. 6, unrolled
							d[p] = M[p][q][k][3 * u + v]
						vector sum1 = d[1] + d[2]
						vector dif1 = d[1] - d[2]
						vector sum3 = d[3] + d[4]
						vector dif3 = d[3] - d[4]
						h[0][q] = d[0] + sum1 + sum3
						h[1][q] = dif1 + 2 * dif3
						h[2][q] = sum1 + 4 * sum3
						h[3][q] = dif1 + 8 * dif3 + d[5]
					for a = 0 .. 4, unrolled
						vector sum1 = h[a][1] + h[a][2]
						vector dif1 = h[a][1] - h[a][2]
						vector sum3 = h[a][3] + h[a][4]
						vector dif3 = h[a][3] - h[a][4]
						o[a][0] = h[a][0] + sum1 + sum3
						o[a][1] = dif1 + 2 * dif3
						o[a][2] = sum1 + 4 * sum3
						o[a][3] = dif1 + 8 * dif3 + h[a][5]
					if (unsigned)(4 * v + 3) < 11u
						for a = 0 .. 4, unrolled
							for b = 0 .. 4, unrolled
								sum[n][k][4 * u + a][4 * v + b] = o[a][b]
					else
						for a = 0 .. 4, unrolled
							for b = 0 .. 4, unrolled
								if (unsigned)(4 * v + b) < 11u
									sum[n][k][4 * u + a][4 * v + b] = o[a][b]
kernel(y, U, sum)
	int live = t->run->live
	vector V[6][6][4][9]
	vector M[6][6][4][9]
	span part = nn_share(t, live)
	for n = part.from .. part.to
		call _1(y, V, n)
		call _2(V, U, M)
		call _3(M, sum, n)

k03
y[n,k,i,j] = bias[k] + sum[n,k,i,j]
sum2[n,k] = sum{i,j} y[n,k,i,j]
kernel(bias, sum, sum2)
	int live = t->run->live
	span part = nn_share(t, live)
	for n = part.from .. part.to
		for k = 0 .. 4
			vector acc1 = nn_splat(0)
			for i = 0 .. 12
				for j = 0 .. 11
					vector y = bias[k] + sum[n][k][i][j]
					acc1 += y
			sum2[n][k] = acc1

k04
y[n,c,0,0] = sum[n,c] * 0.00757576
kernel(sum, y)
	int live = t->run->live
	span part = nn_share(t, live)
	for n = part.from .. part.to
		for c = 0 .. 4
			y[n][c][0][0] = sum[n][c] * (nn_real)0.007575757575757576

k05
sum[n,k] = sum{c} y[n,c,0,0] * weight[k,c,0,0]
output[n,k] = bias[k] + sum[n,k]
_tile(y, weight, bias, output, n0, nn)
	vector acc[2]
	for nt = 0 .. 2, unrolled
		acc[nt] = nn_splat(0)
	for c0 = 0 .. 32 step 8
		for ct = 0 .. 8, unrolled
			no load moves over this line
			for nt = 0 .. nn, unrolled
				acc[nt] += NN_AT(y[n0 + nt][c0 / 8][0][0], ct) * weight[0][c0 + ct][0][0]
	for nt = 0 .. nn, unrolled
		vector sum = acc[nt]
		output[n0 + nt][0] = bias[0] + sum
kernel(y, weight, bias, output)
	int live = t->run->live
	span part = nn_share(t, live)
	block
		int n0 = part.from
		for n0 = n0 .. part.to step 2 while whole
			call _tile(y, weight, bias, output, n0, 2)
		for n0 = n0 .. part.to
			call _tile(y, weight, bias, output, n0, 1)

k06
m[n] = max{c} output[n,c]
z[n] = sum{c} exp(output[n,c] - m[n])
l[n] = log(z[n])
kernel(output, m, l)
	int live = t->run->live
	span part = nn_share(t, live)
	for n = part.from .. part.to
		block
			vector acc = nn_splat(-INFINITY)
			vector v = output[n][0]
			acc = nn_ifabove(v, acc, v, acc)
			m[n] = nn_hmax(acc)
		real z
		block
			vector acc = nn_splat(0)
			acc += nn_exp(output[n][0] - m[n])
			z = nn_sum(acc)
		l[n] = nn_log(nn_splat(z))[0]

k07
q[n,c] = ifeq(target[n], (c), 1, 0)
kernel(target, q)
	int live = t->run->live
	span part = nn_share(t, live)
	for n = part.from .. part.to
		q[n][0] = nn_ifeq(nn_splat(target[n]), (nn_real)0 + 1 * nn_iota(), nn_splat(1), nn_splat(0))

k08
loss[n] = sum{c} q[n,c] * (l[n] - (output[n,c] - m[n]))
_tile(q, l, output, m, loss, n0, nn)
	real acc[2]
	for nt = 0 .. 2, unrolled
		acc[nt] = 0
	for c = 0 .. 8
		for nt = 0 .. nn, unrolled
			acc[nt] += NN_AT(q[n0 + nt][c / 8], c % 8) * (l[n0 + nt] - (NN_AT(output[n0 + nt][c / 8], c % 8) - m[n0 + nt]))
	for nt = 0 .. nn, unrolled
		loss[n0 + nt] = acc[nt]
kernel(q, l, output, m, loss)
	int live = t->run->live
	span part = nn_share(t, live)
	block
		int n0 = part.from
		for n0 = n0 .. part.to step 2 while whole
			call _tile(q, l, output, m, loss, n0, 2)
		for n0 = n0 .. part.to
			call _tile(q, l, output, m, loss, n0, 1)
---- barrier

k09
sum[0] = sum{n} loss[n]
loss2[0] = sum[0] / batch
kernel(loss, loss2)
	if t->thread
		leave
	int live = t->run->live
	real u0 = (nn_real)(double)t->run->live
	real sum
	block
		real acc = 0
		for n = 0 .. live
			acc += loss[n]
		sum = acc
	loss2[0] = sum / u0

backward

k10
s[n] = sum{c} q[n,c]
kernel(q, s)
	int live = t->run->live
	span part = nn_share(t, live)
	for n = part.from .. part.to
		block
			vector acc = nn_splat(0)
			acc += q[n][0]
			s[n] = nn_sum(acc)

k11
dy[n,c] = (exp(output[n,c] - m[n] - l[n]) * s[n] - q[n,c]) / batch
kernel(output, m, l, s, q, dy)
	int live = t->run->live
	real u0 = (nn_real)(double)t->run->live
	span part = nn_share(t, live)
	for n = part.from .. part.to
		dy[n][0] = (nn_exp(output[n][0] - m[n] - l[n]) * s[n] - q[n][0]) / u0
---- barrier

k12
dbias[k] = sum{n} dy[n,k]
d[k] = dbias[k]
momentum_buffer[k] = d[k]
bias[k] := bias[k] - hyper0 * momentum_buffer[k]
kernel(dy, dbias, bias)
	int live = t->run->live
	real u0 = (nn_real)t->run->hyper[0]
	span part = nn_share(t, 1)
	for k = part.from .. part.to
		block
			vector acc = nn_splat(0)
			for n = 0 .. live
				acc += dy[n][0]
			dbias[0] = acc
		vector d = dbias[0]
		vector momentum_buffer = d
		bias[0] = bias[0] - u0 * momentum_buffer

k13
copy[c,k,0,0] = weight[k,c,0,0]
kernel(weight, copy)
	span part = nn_share(t, 32)
	for piece = part.from .. part.to
		int c = piece / 8
		int k = piece % 8
		copy[c][k][0][0] = nn_gather(&NN_AT(weight[k / 8][8 * c][0][0], k % 8), 8, nn_least(8, 32 - 8 * c))
---- barrier

k14
dy2[n,c,0,0] = sum{k} dy[n,k] * copy[c,k,0,0]
dsum[n,c] = dy2[n,c,0,0] * 0.00757576
_tile(dy, copy, dsum, n0, nn, c0, cn)
	vector acc[2][4]
	for nt = 0 .. 2, unrolled
		for ct = 0 .. 4, unrolled
			acc[nt][ct] = nn_splat(0)
	for k0 = 0 .. 8 step 8
		for kt = 0 .. 8, unrolled
			no load moves over this line
			for ct = 0 .. cn, unrolled
				for nt = 0 .. nn, unrolled
					acc[nt][ct] += NN_AT(dy[n0 + nt][k0 / 8], kt) * copy[c0 + ct][k0 + kt][0][0]
	for nt = 0 .. nn, unrolled
		for ct = 0 .. cn, unrolled
			vector dy2 = acc[nt][ct]
			dsum[n0 + nt][c0 + ct] = dy2 * (nn_real)0.007575757575757576
kernel(dy, copy, dsum)
	int live = t->run->live
	span part = nn_share(t, live)
	block
		int n0 = part.from
		for n0 = n0 .. part.to step 2 while whole
			call _tile(dy, copy, dsum, n0, 2, 0, 4)
		for n0 = n0 .. part.to
			call _tile(dy, copy, dsum, n0, 1, 0, 4)

k15
dweight[k,c,0,0] = sum{n} dy[n,k] * y[n,c,0,0]
d[k,c,0,0] = dweight[k,c,0,0]
momentum_buffer[k,c,0,0] = d[k,c,0,0]
weight[k,c,0,0] := weight[k,c,0,0] - hyper0 * momentum_buffer[k,c,0,0]
_tile(dy, y, dweight, weight, c0, cn, u0)
	int live = t->run->live
	vector acc[8]
	for ct = 0 .. 8, unrolled
		acc[ct] = nn_splat(0)
	for n = 0 .. live
		no load moves over this line
		for ct = 0 .. cn, unrolled
			acc[ct] += dy[n][0] * NN_AT(y[n][c0 / 8][0][0], ct)
	for ct = 0 .. cn, unrolled
		dweight[0][c0 + ct][0][0] = acc[ct]
		vector d = dweight[0][c0 + ct][0][0]
		vector momentum_buffer = d
		weight[0][c0 + ct][0][0] = weight[0][c0 + ct][0][0] - u0 * momentum_buffer
kernel(dy, y, dweight, weight)
	real u0 = (nn_real)t->run->hyper[0]
	span part = nn_share(t, 4)
	for piece = part.from .. part.to
		int c0 = piece % 4 * 8
		call _tile(dy, y, dweight, weight, c0, 8, u0)

k16
dy[n,c,h,w] = dsum[n,c]
by_image[n,c] = sum{h,w} dy[n,c,h,w]
kernel(dsum, dy, by_image)
	int live = t->run->live
	span part = nn_share(t, live)
	for n = part.from .. part.to
		for c = 0 .. 4
			vector acc1 = nn_splat(0)
			for h = 0 .. 12
				for w = 0 .. 11
					dy[n][c][h][w] = dsum[n][c]
					acc1 += dy[n][c][h][w]
			by_image[n][c] = acc1
---- barrier

k17
dbias[k] = sum{n} by_image[n,k]
d[k] = dbias[k]
momentum_buffer[k] = d[k]
bias[k] := bias[k] - hyper0 * momentum_buffer[k]
kernel(by_image, dbias, bias)
	int live = t->run->live
	real u0 = (nn_real)t->run->hyper[0]
	span part = nn_share(t, 4)
	for k = part.from .. part.to
		block
			vector acc = nn_splat(0)
			for n = 0 .. live
				acc += by_image[n][k]
			dbias[k] = acc
		vector d = dbias[k]
		vector momentum_buffer = d
		bias[k] = bias[k] - u0 * momentum_buffer

k18
U[p,q,c,k] = sum{a,b} G[p,a] * G[q,b] * weight[k,c,-a+2,-b+2]
kernel(weight, U)
	span part = nn_share(t, 128)
	for piece = part.from .. part.to
		int c = piece / 32
		int k = piece % 32
		block
			vector h[6][3]
			vector o[6][6]
			for b = 0 .. 3, unrolled
				vector d[3]
				for a = 0 .. 3, unrolled
					d[a] = nn_gather(&NN_AT(weight[k / 8][8 * c][-a + 2][-b + 2], k % 8), 72, nn_least(8, 32 - 8 * c))
				h[0][b] = (nn_real)0.25 * d[0]
				vector even1 = -((nn_real)0.16666666666666666) * d[0] - (nn_real)0.16666666666666666 * d[2]
				vector odd1 = d[1]
				h[1][b] = even1 - (nn_real)0.16666666666666666 * odd1
				h[2][b] = even1 + (nn_real)0.16666666666666666 * odd1
				vector even3 = (nn_real)0.041666666666666664 * d[0] + (nn_real)0.16666666666666666 * d[2]
				vector odd3 = d[1]
				h[3][b] = even3 + (nn_real)0.08333333333333333 * odd3
				h[4][b] = even3 - (nn_real)0.08333333333333333 * odd3
				h[5][b] = d[2]
			for p = 0 .. 6, unrolled
				o[p][0] = (nn_real)0.25 * h[p][0]
				vector even1 = -((nn_real)0.16666666666666666) * h[p][0] - (nn_real)0.16666666666666666 * h[p][2]
				vector odd1 = h[p][1]
				o[p][1] = even1 - (nn_real)0.16666666666666666 * odd1
				o[p][2] = even1 + (nn_real)0.16666666666666666 * odd1
				vector even3 = (nn_real)0.041666666666666664 * h[p][0] + (nn_real)0.16666666666666666 * h[p][2]
				vector odd3 = h[p][1]
				o[p][3] = even3 + (nn_real)0.08333333333333333 * odd3
				o[p][4] = even3 - (nn_real)0.08333333333333333 * odd3
				o[p][5] = h[p][2]
			for p = 0 .. 6, unrolled
				for q = 0 .. 6, unrolled
					U[p][q][c][k] = o[p][q]
---- barrier

k19
V[n,band,p,q,k,3u+v] = sum{a,b} B[p,a] * B[q,b] * dy[n,k,12band+4u+a-1,4v+b-1]
M[n,band,p,q,c,z] = sum{c} V[n,band,p,q,c,z] * U[p,q,c,c]
dy2[n,c,12band+4u+a,4v+b] = sum{p,q} A[a,p] * A[b,q] * M[n,band,p,q,c,3u+v]
_1(dy, V, n)
	for k = 0 .. 4
		for u = 0 .. 3
			for v = 0 .. 3
				block
					vector h[6][6]
					vector o[6][6]
					for a = 6 .. 10, unrolled
						prefetch 4 vectors at &dy[n][k][0][0] + 11 * (4 * u + a - 1) + 4 * v
					if (unsigned)(4 * u - 1) < 12u && (unsigned)(4 * v - 1) < 11u && ((unsigned)(4 * u + 4) < 12u && (unsigned)(4 * v + 4) < 11u)
						for b = 0 .. 6, unrolled
							vector d[6]
							for a = 0 .. 6, unrolled
								d[a] = dy[n][k][4 * u + a - 1][4 * v + b - 1]
							h[0][b] = 4 * d[0] - 5 * d[2] + d[4]
							vector even1 = -(4) * d[2] + d[4]
							vector odd1 = -(4) * d[1] + d[3]
							h[1][b] = even1 + odd1
							h[2][b] = even1 - odd1
							vector even3 = -d[2] + d[4]
							vector odd3 = d[1] - d[3]
							h[3][b] = even3 - 2 * odd3
							h[4][b] = even3 + 2 * odd3
							h[5][b] = 4 * d[1] - 5 * d[3] + d[5]
					else
						for b = 0 .. 6, unrolled
							vector d[6]
							for a = 0 .. 6, unrolled
								d[a] = (unsigned)(4 * u + a - 1) < 12u && (unsigned)(4 * v + b - 1) < 11u ? dy[n][k][4 * u + a - 1][4 * v + b - 1] : nn_splat(0)
							h[0][b] = 4 * d[0] - 5 * d[2] + d[4]
							vector even1 = -(4) * d[2] + d[4]
							vector odd1 = -(4) * d[1] + d[3]
							h[1][b] = even1 + odd1
							h[2][b] = even1 - odd1
							vector even3 = -d[2] + d[4]
							vector odd3 = d[1] - d[3]
							h[3][b] = even3 - 2 * odd3
							h[4][b] = even3 + 2 * odd3
							h[5][b] = 4 * d[1] - 5 * d[3] + d[5]
					for p = 0 .. 6, unrolled
						o[p][0] = 4 * h[p][0] - 5 * h[p][2] + h[p][4]
						vector even1 = -(4) * h[p][2] + h[p][4]
						vector odd1 = -(4) * h[p][1] + h[p][3]
						o[p][1] = even1 + odd1
						o[p][2] = even1 - odd1
						vector even3 = -h[p][2] + h[p][4]
						vector odd3 = h[p][1] - h[p][3]
						o[p][3] = even3 - 2 * odd3
						o[p][4] = even3 + 2 * odd3
						o[p][5] = 4 * h[p][1] - 5 * h[p][3] + h[p][5]
					for p = 0 .. 6, unrolled
						for q = 0 .. 6, unrolled
							V[p][q][k][3 * u + v] = o[p][q]
_2_tile(V, U, M, p, q, c0, cn, z0, zn)
	vector acc[4][3]
	for ct = 0 .. 4, unrolled
		for zt = 0 .. 3, unrolled
			acc[ct][zt] = nn_splat(0)
	for c20 = 0 .. 32 step 8
		for c2t = 0 .. 8, unrolled
			no load moves over this line
			for ct = 0 .. cn, unrolled
				for zt = 0 .. zn, unrolled
					acc[ct][zt] += NN_AT(V[p][q][c20 / 8][z0 + zt], c2t) * U[p][q][c0 + ct][c20 + c2t]
	for ct = 0 .. cn, unrolled
		for zt = 0 .. zn, unrolled
			M[p][q][c0 + ct][z0 + zt] = acc[ct][zt]
_2(V, U, M)
	for p = 0 .. 6
		for q = 0 .. 6
			for z0 = 0 .. 9 step 3
				call _2_tile(V, U, M, p, q, 0, 4, z0, 3)
_3(M, dy, n)
	for c = 0 .. 4
		for u = 0 .. 3
			for v = 0 .. 3
				block
					vector h[4][6]
					vector o[4][4]
					for a = 4 .. 8, unrolled
						prefetch 4 vectors at &dy[n][c][0][0] + 11 * (4 * u + a) + 4 * v, to write
					for q = 0 .. 6, unrolled
						vector d[6]
						for p = 0 .. 6, unrolled
							d[p] = M[p][q][c][3 * u + v]
						vector sum1 = d[1] + d[2]
						vector dif1 = d[1] - d[2]
						vector sum3 = d[3] + d[4]
						vector dif3 = d[3] - d[4]
						h[0][q] = d[0] + sum1 + sum3
						h[1][q] = dif1 + 2 * dif3
						h[2][q] = sum1 + 4 * sum3
						h[3][q] = dif1 + 8 * dif3 + d[5]
					for a = 0 .. 4, unrolled
						vector sum1 = h[a][1] + h[a][2]
						vector dif1 = h[a][1] - h[a][2]
						vector sum3 = h[a][3] + h[a][4]
						vector dif3 = h[a][3] - h[a][4]
						o[a][0] = h[a][0] + sum1 + sum3
						o[a][1] = dif1 + 2 * dif3
						o[a][2] = sum1 + 4 * sum3
						o[a][3] = dif1 + 8 * dif3 + h[a][5]
					if (unsigned)(4 * v + 3) < 11u
						for a = 0 .. 4, unrolled
							for b = 0 .. 4, unrolled
								dy[n][c][4 * u + a][4 * v + b] = o[a][b]
					else
						for a = 0 .. 4, unrolled
							for b = 0 .. 4, unrolled
								if (unsigned)(4 * v + b) < 11u
									dy[n][c][4 * u + a][4 * v + b] = o[a][b]
kernel(dy, U, dy2)
	int live = t->run->live
	vector V[6][6][4][9]
	vector M[6][6][4][9]
	span part = nn_share(t, live)
	for n = part.from .. part.to
		call _1(dy, V, n)
		call _2(V, U, M)
		call _3(M, dy2, n)

k20
D[g,n,band,p,q,k,9e+3u+v] = sum{a,b} At[3g+p,a] * At[q,b] * dy[4n+e,k,12band+4u+a,4v+b]
V[g,n,band,p,q,c,9e+3u+v] = sum{a,b} B[3g+p,a] * B[q,b] * y[4n+e,c,12band+4u+a-1,4v+b-1]
S[3g+p,q,k,c] = sum{n,band,z} D[g,n,band,p,q,k,z] * V[g,n,band,p,q,c,z]
_1(dy, D, g, n)
	int live = t->run->live
	for e = 0 .. 4
		for k = 0 .. 4
			for u = 0 .. 3
				for v = 0 .. 3
					block
						vector h[3][4]
						vector o[3][6]
						for a = 4 .. 8, unrolled
							prefetch 4 vectors at &dy[4 * n + e][k][0][0] + 11 * (4 * u + a) + 4 * v
						if g == 0
							if 4 * n + e < live && (4 * n + e < live && (unsigned)(4 * v + 3) < 11u)
								for b = 0 .. 4, unrolled
									vector d[4]
									for a = 0 .. 4, unrolled
										d[a] = dy[4 * n + e][k][4 * u + a][4 * v + b]
									h[0][b] = d[0]
									vector even1 = d[0] + d[2]
									vector odd1 = d[1] + d[3]
									h[1][b] = even1 + odd1
									h[2][b] = even1 - odd1
							else
								for b = 0 .. 4, unrolled
									vector d[4]
									for a = 0 .. 4, unrolled
										d[a] = 4 * n + e < live && (unsigned)(4 * v + b) < 11u ? dy[4 * n + e][k][4 * u + a][4 * v + b] : nn_splat(0)
									h[0][b] = d[0]
									vector even1 = d[0] + d[2]
									vector odd1 = d[1] + d[3]
									h[1][b] = even1 + odd1
									h[2][b] = even1 - odd1
						else
							if 4 * n + e < live && (4 * n + e < live && (unsigned)(4 * v + 3) < 11u)
								for b = 0 .. 4, unrolled
									vector d[4]
									for a = 0 .. 4, unrolled
										d[a] = dy[4 * n + e][k][4 * u + a][4 * v + b]
									vector even0 = d[0] + 4 * d[2]
									vector odd0 = 2 * d[1] + 8 * d[3]
									h[0][b] = even0 + odd0
									h[1][b] = even0 - odd0
									h[2][b] = d[3]
							else
								for b = 0 .. 4, unrolled
									vector d[4]
									for a = 0 .. 4, unrolled
										d[a] = 4 * n + e < live && (unsigned)(4 * v + b) < 11u ? dy[4 * n + e][k][4 * u + a][4 * v + b] : nn_splat(0)
									vector even0 = d[0] + 4 * d[2]
									vector odd0 = 2 * d[1] + 8 * d[3]
									h[0][b] = even0 + odd0
									h[1][b] = even0 - odd0
									h[2][b] = d[3]
						for p = 0 .. 3, unrolled
							o[p][0] = h[p][0]
							vector even1 = h[p][0] + h[p][2]
							vector odd1 = h[p][1] + h[p][3]
							o[p][1] = even1 + odd1
							o[p][2] = even1 - odd1
							vector even3 = h[p][0] + 4 * h[p][2]
							vector odd3 = 2 * h[p][1] + 8 * h[p][3]
							o[p][3] = even3 + odd3
							o[p][4] = even3 - odd3
							o[p][5] = h[p][3]
						for p = 0 .. 3, unrolled
							for q = 0 .. 6, unrolled
								D[p][q][k][9 * e + 3 * u + v] = o[p][q]
_2(y, V, g, n)
	int live = t->run->live
	for e = 0 .. 4
		for c = 0 .. 4
			for u = 0 .. 3
				for v = 0 .. 3
					block
						vector h[3][6]
						vector o[3][6]
						for a = 6 .. 10, unrolled
							prefetch 4 vectors at &y[4 * n + e][c][0][0] + 11 * (4 * u + a - 1) + 4 * v
						if g == 0
							if 4 * n + e < live && (unsigned)(4 * u - 1) < 12u && (unsigned)(4 * v - 1) < 11u && (4 * n + e < live && (unsigned)(4 * u + 4) < 12u && (unsigned)(4 * v + 4) < 11u)
								for b = 0 .. 6, unrolled
									vector d[6]
									for a = 0 .. 6, unrolled
										d[a] = y[4 * n + e][c][4 * u + a - 1][4 * v + b - 1]
									h[0][b] = 4 * d[0] - 5 * d[2] + d[4]
									vector even1 = -(4) * d[2] + d[4]
									vector odd1 = -(4) * d[1] + d[3]
									h[1][b] = even1 + odd1
									h[2][b] = even1 - odd1
							else
								for b = 0 .. 6, unrolled
									vector d[6]
									for a = 0 .. 6, unrolled
										d[a] = 4 * n + e < live && (unsigned)(4 * u + a - 1) < 12u && (unsigned)(4 * v + b - 1) < 11u ? y[4 * n + e][c][4 * u + a - 1][4 * v + b - 1] : nn_splat(0)
									h[0][b] = 4 * d[0] - 5 * d[2] + d[4]
									vector even1 = -(4) * d[2] + d[4]
									vector odd1 = -(4) * d[1] + d[3]
									h[1][b] = even1 + odd1
									h[2][b] = even1 - odd1
						else
							if 4 * n + e < live && (unsigned)(4 * u - 1) < 12u && (unsigned)(4 * v - 1) < 11u && (4 * n + e < live && (unsigned)(4 * u + 4) < 12u && (unsigned)(4 * v + 4) < 11u)
								for b = 0 .. 6, unrolled
									vector d[6]
									for a = 0 .. 6, unrolled
										d[a] = y[4 * n + e][c][4 * u + a - 1][4 * v + b - 1]
									vector even0 = -d[2] + d[4]
									vector odd0 = d[1] - d[3]
									h[0][b] = even0 - 2 * odd0
									h[1][b] = even0 + 2 * odd0
									h[2][b] = 4 * d[1] - 5 * d[3] + d[5]
							else
								for b = 0 .. 6, unrolled
									vector d[6]
									for a = 0 .. 6, unrolled
										d[a] = 4 * n + e < live && (unsigned)(4 * u + a - 1) < 12u && (unsigned)(4 * v + b - 1) < 11u ? y[4 * n + e][c][4 * u + a - 1][4 * v + b - 1] : nn_splat(0)
									vector even0 = -d[2] + d[4]
									vector odd0 = d[1] - d[3]
									h[0][b] = even0 - 2 * odd0
									h[1][b] = even0 + 2 * odd0
									h[2][b] = 4 * d[1] - 5 * d[3] + d[5]
						for p = 0 .. 3, unrolled
							o[p][0] = 4 * h[p][0] - 5 * h[p][2] + h[p][4]
							vector even1 = -(4) * h[p][2] + h[p][4]
							vector odd1 = -(4) * h[p][1] + h[p][3]
							o[p][1] = even1 + odd1
							o[p][2] = even1 - odd1
							vector even3 = -h[p][2] + h[p][4]
							vector odd3 = h[p][1] - h[p][3]
							o[p][3] = even3 - 2 * odd3
							o[p][4] = even3 + 2 * odd3
							o[p][5] = 4 * h[p][1] - 5 * h[p][3] + h[p][5]
						for p = 0 .. 3, unrolled
							for q = 0 .. 6, unrolled
								V[p][q][c][9 * e + 3 * u + v] = o[p][q]
_3_tile(D, V, S, p, q, k0, kn, c0, cn, g, n)
	int first = n == 0
	vector acc[4][3]
	for kt = 0 .. kn, unrolled
		for ct = 0 .. cn, unrolled
			acc[kt][ct] = first ? nn_splat(0) : S[3 * g + p][q][k0 + kt][c0 + ct]
	for kt = 0 .. kn, unrolled
		prefetch cn vectors at &S[3 * g + p][q][k0 + kt][c0] + cn
	for z0 = 0 .. 36 step 6
		for zt = 0 .. 6, unrolled
			no load moves over this line
			for kt = 0 .. kn, unrolled
				for ct = 0 .. cn, unrolled
					acc[kt][ct] += D[p][q][k0 + kt][z0 + zt] * NN_AT(V[p][q][(c0 + ct) / 8][z0 + zt], (c0 + ct) % 8)
	for kt = 0 .. kn, unrolled
		for ct = 0 .. cn, unrolled
			S[3 * g + p][q][k0 + kt][c0 + ct] = acc[kt][ct]
_3(D, V, S, g, n)
	for p = 0 .. 3
		for q = 0 .. 6
			for c0 = 0 .. 30 step 3
				call _3_tile(D, V, S, p, q, 0, 4, c0, 3, g, n)
			call _3_tile(D, V, S, p, q, 0, 4, 30, 2, g, n)
kernel(dy, y, S)
	int live = t->run->live
	vector D[3][6][4][36]
	vector V[3][6][4][36]
	span part = nn_share(t, 2)
	for n = 0 .. (live + 3) / 4
		for g = part.from .. part.to
			call _1(dy, D, g, n)
			call _2(y, V, g, n)
			call _3(D, V, S, g, n)
---- barrier

k21
dweight[k,c,r,s] = sum{p,q} Gt[r,p] * Gt[s,q] * S[p,q,k,c]
kernel(S, dweight)
	span part = nn_share(t, 128)
	for piece = part.from .. part.to
		int k = piece / 32
		int c = piece % 32
		block
			vector h[3][6]
			vector o[3][3]
			for q = 0 .. 6, unrolled
				vector d[6]
				for p = 0 .. 6, unrolled
					d[p] = S[p][q][k][c]
				vector sum1 = d[1] + d[2]
				vector dif1 = d[1] - d[2]
				vector sum3 = d[3] + d[4]
				vector dif3 = d[3] - d[4]
				h[0][q] = (nn_real)0.25 * d[0] - (nn_real)0.16666666666666666 * sum1 + (nn_real)0.041666666666666664 * sum3
				h[1][q] = -((nn_real)0.16666666666666666) * dif1 + (nn_real)0.08333333333333333 * dif3
				h[2][q] = -((nn_real)0.16666666666666666) * sum1 + (nn_real)0.16666666666666666 * sum3 + d[5]
			for r = 0 .. 3, unrolled
				vector sum1 = h[r][1] + h[r][2]
				vector dif1 = h[r][1] - h[r][2]
				vector sum3 = h[r][3] + h[r][4]
				vector dif3 = h[r][3] - h[r][4]
				o[r][0] = (nn_real)0.25 * h[r][0] - (nn_real)0.16666666666666666 * sum1 + (nn_real)0.041666666666666664 * sum3
				o[r][1] = -((nn_real)0.16666666666666666) * dif1 + (nn_real)0.08333333333333333 * dif3
				o[r][2] = -((nn_real)0.16666666666666666) * sum1 + (nn_real)0.16666666666666666 * sum3 + h[r][5]
			for r = 0 .. 3, unrolled
				for s = 0 .. 3, unrolled
					dweight[k][c][r][s] = o[r][s]

k22
dy2[n,c,h,w] = ifgt(y[n,c,h,w], 0, dy[n,c,h,w], 0)
by_image[n,c] = sum{h,w} dy2[n,c,h,w]
kernel(y, dy, dy2, by_image)
	int live = t->run->live
	span part = nn_share(t, live)
	for n = part.from .. part.to
		for c = 0 .. 4
			vector acc1 = nn_splat(0)
			for h = 0 .. 12
				for w = 0 .. 11
					dy2[n][c][h][w] = nn_ifgt(y[n][c][h][w], nn_splat(0), dy[n][c][h][w], nn_splat(0))
					acc1 += dy2[n][c][h][w]
			by_image[n][c] = acc1
---- barrier

k23
dbias[k] = sum{n} by_image[n,k]
d[k] = dbias[k]
momentum_buffer[k] = d[k]
bias[k] := bias[k] - hyper0 * momentum_buffer[k]
kernel(by_image, dbias, bias)
	int live = t->run->live
	real u0 = (nn_real)t->run->hyper[0]
	span part = nn_share(t, 4)
	for k = part.from .. part.to
		block
			vector acc = nn_splat(0)
			for n = 0 .. live
				acc += by_image[n][k]
			dbias[k] = acc
		vector d = dbias[k]
		vector momentum_buffer = d
		bias[k] = bias[k] - u0 * momentum_buffer

k24
dweight[k,c,r,s] = sum{n,i,j} dy[n,k,i,j] * x[n,c,r+i-1,s+j-1]
_tile(dy, x, dweight, k, c0, cn, r, s0, sn, n, row_from, row_to, first)
	vector acc[3][3]
	for ct = 0 .. cn, unrolled
		for st = 0 .. sn, unrolled
			acc[ct][st] = first ? nn_splat(0) : dweight[k][c0 + ct][r][s0 + st]
	for ct = 0 .. cn, unrolled
		prefetch sn vectors at &dweight[k][c0 + ct][r][s0] + sn
	for i = nn_most(row_from, nn_lo(r - 1, 1)) .. nn_least(row_to, nn_hi(r - 1, 1, 12, 12))
		for j = 0 .. 1, unrolled
			no load moves over this line
			for ct = 0 .. cn, unrolled
				for st = 0 .. sn, unrolled
					if (unsigned)(s0 + st + j - 1) < 11u
						acc[ct][st] += dy[n][k][i][j] * x[n][c0 + ct][r + i - 1][s0 + st + j - 1]
		for j = 1 .. 10
			no load moves over this line
			for ct = 0 .. cn, unrolled
				for st = 0 .. sn, unrolled
					acc[ct][st] += dy[n][k][i][j] * x[n][c0 + ct][r + i - 1][s0 + st + j - 1]
		for j = 10 .. 11, unrolled
			no load moves over this line
			for ct = 0 .. cn, unrolled
				for st = 0 .. sn, unrolled
					if (unsigned)(s0 + st + j - 1) < 11u
						acc[ct][st] += dy[n][k][i][j] * x[n][c0 + ct][r + i - 1][s0 + st + j - 1]
	for ct = 0 .. cn, unrolled
		for st = 0 .. sn, unrolled
			dweight[k][c0 + ct][r][s0 + st] = acc[ct][st]
kernel(dy, x, dweight)
	int live = t->run->live
	span part = nn_share(t, 4)
	for k = part.from .. part.to
		for n = 0 .. live
			for row_from = 0 .. 12 step 12
				int row_to = nn_least(row_from + 12, 12)
				int first = n == 0 && row_from == 0
				for r = 0 .. 3
					call _tile(dy, x, dweight, k, 0, 3, r, 0, 3, n, row_from, row_to, first)

update
---- barrier

k25
d[k,c,r,s] = dweight[k,c,r,s]
momentum_buffer[k,c,r,s] = d[k,c,r,s]
weight[k,c,r,s] := weight[k,c,r,s] - hyper0 * momentum_buffer[k,c,r,s]
kernel(dweight, weight)
	real u0 = (nn_real)t->run->hyper[0]
	span part = nn_share(t, 108)
	for e = part.from .. part.to
		vector d = dweight[e]
		vector momentum_buffer = d
		weight[e] = weight[e] - u0 * momentum_buffer

k26
d[k,c,r,s] = dweight[k,c,r,s]
momentum_buffer[k,c,r,s] = d[k,c,r,s]
weight[k,c,r,s] := weight[k,c,r,s] - hyper0 * momentum_buffer[k,c,r,s]
kernel(dweight, weight)
	real u0 = (nn_real)t->run->hyper[0]
	span part = nn_share(t, 1152)
	for e = part.from .. part.to
		vector d = dweight[e]
		vector momentum_buffer = d
		weight[e] = weight[e] - u0 * momentum_buffer

evaluation

k27
sum[n,k,i,j] = sum{c,r,s} x[n,c,i+r-1,j+s-1] * weight[k,c,r,s]
y[n,k,i,j] = bias[k] + sum[n,k,i,j]
y2[n,k,i,j] = max(0, y[n,k,i,j])
_tile(x, weight, bias, y2, n, i, k, j0, jn, edge)
	vector acc[11]
	for jt = 0 .. 11, unrolled
		acc[jt] = nn_splat(0)
	for c = 0 .. 3
		for r = nn_lo(i - 1, 1) .. nn_hi(i - 1, 1, 12, 3)
			for s = 0 .. 3, unrolled
				no load moves over this line
				for jt = 0 .. jn, unrolled
					if !edge || (unsigned)(j0 + jt + s - 1) < 11u
						acc[jt] += x[n][c][i + r - 1][j0 + jt + s - 1] * weight[k][c][r][s]
	for jt = 0 .. jn, unrolled
		vector sum = acc[jt]
		vector y = bias[k] + sum
		y2[n][k][i][j0 + jt] = nn_max(nn_splat(0), y)
kernel(x, weight, bias, y2)
	int live = t->run->live
	span part = nn_share(t, live)
	for n = part.from .. part.to
		for i = 0 .. 12
			for k = 0 .. 4
				call _tile(x, weight, bias, y2, n, i, k, 0, 11, 1)

k28
U[p,q,k,c] = sum{a,b} G[p,a] * G[q,b] * weight[k,c,a,b]
kernel(weight, U)
	span part = nn_share(t, 128)
	for piece = part.from .. part.to
		int k = piece / 32
		int c = piece % 32
		block
			vector h[6][3]
			vector o[6][6]
			for b = 0 .. 3, unrolled
				vector d[3]
				for a = 0 .. 3, unrolled
					d[a] = weight[k][c][a][b]
				h[0][b] = (nn_real)0.25 * d[0]
				vector even1 = -((nn_real)0.16666666666666666) * d[0] - (nn_real)0.16666666666666666 * d[2]
				vector odd1 = d[1]
				h[1][b] = even1 - (nn_real)0.16666666666666666 * odd1
				h[2][b] = even1 + (nn_real)0.16666666666666666 * odd1
				vector even3 = (nn_real)0.041666666666666664 * d[0] + (nn_real)0.16666666666666666 * d[2]
				vector odd3 = d[1]
				h[3][b] = even3 + (nn_real)0.08333333333333333 * odd3
				h[4][b] = even3 - (nn_real)0.08333333333333333 * odd3
				h[5][b] = d[2]
			for p = 0 .. 6, unrolled
				o[p][0] = (nn_real)0.25 * h[p][0]
				vector even1 = -((nn_real)0.16666666666666666) * h[p][0] - (nn_real)0.16666666666666666 * h[p][2]
				vector odd1 = h[p][1]
				o[p][1] = even1 - (nn_real)0.16666666666666666 * odd1
				o[p][2] = even1 + (nn_real)0.16666666666666666 * odd1
				vector even3 = (nn_real)0.041666666666666664 * h[p][0] + (nn_real)0.16666666666666666 * h[p][2]
				vector odd3 = h[p][1]
				o[p][3] = even3 + (nn_real)0.08333333333333333 * odd3
				o[p][4] = even3 - (nn_real)0.08333333333333333 * odd3
				o[p][5] = h[p][2]
			for p = 0 .. 6, unrolled
				for q = 0 .. 6, unrolled
					U[p][q][k][c] = o[p][q]
---- barrier

k29
V[n,band,p,q,c,3u+v] = sum{a,b} B[p,a] * B[q,b] * y[n,c,12band+4u+a-1,4v+b-1]
M[n,band,p,q,k,z] = sum{c} V[n,band,p,q,c,z] * U[p,q,k,c]
sum[n,k,12band+4u+a,4v+b] = sum{p,q} A[a,p] * A[b,q] * M[n,band,p,q,k,3u+v]
_1(y, V, n)
	for c = 0 .. 4
		for u = 0 .. 3
			for v = 0 .. 3
				block
					vector h[6][6]
					vector o[6][6]
					for a = 6 .. 10, unrolled
						prefetch 4 vectors at &y[n][c][0][0] + 11 * (4 * u + a - 1) + 4 * v
					if (unsigned)(4 * u - 1) < 12u && (unsigned)(4 * v - 1) < 11u && ((unsigned)(4 * u + 4) < 12u && (unsigned)(4 * v + 4) < 11u)
						for b = 0 .. 6, unrolled
							vector d[6]
							for a = 0 .. 6, unrolled
								d[a] = y[n][c][4 * u + a - 1][4 * v + b - 1]
							h[0][b] = 4 * d[0] - 5 * d[2] + d[4]
							vector even1 = -(4) * d[2] + d[4]
							vector odd1 = -(4) * d[1] + d[3]
							h[1][b] = even1 + odd1
							h[2][b] = even1 - odd1
							vector even3 = -d[2] + d[4]
							vector odd3 = d[1] - d[3]
							h[3][b] = even3 - 2 * odd3
							h[4][b] = even3 + 2 * odd3
							h[5][b] = 4 * d[1] - 5 * d[3] + d[5]
					else
						for b = 0 .. 6, unrolled
							vector d[6]
							for a = 0 .. 6, unrolled
								d[a] = (unsigned)(4 * u + a - 1) < 12u && (unsigned)(4 * v + b - 1) < 11u ? y[n][c][4 * u + a - 1][4 * v + b - 1] : nn_splat(0)
							h[0][b] = 4 * d[0] - 5 * d[2] + d[4]
							vector even1 = -(4) * d[2] + d[4]
							vector odd1 = -(4) * d[1] + d[3]
							h[1][b] = even1 + odd1
							h[2][b] = even1 - odd1
							vector even3 = -d[2] + d[4]
							vector odd3 = d[1] - d[3]
							h[3][b] = even3 - 2 * odd3
							h[4][b] = even3 + 2 * odd3
							h[5][b] = 4 * d[1] - 5 * d[3] + d[5]
					for p = 0 .. 6, unrolled
						o[p][0] = 4 * h[p][0] - 5 * h[p][2] + h[p][4]
						vector even1 = -(4) * h[p][2] + h[p][4]
						vector odd1 = -(4) * h[p][1] + h[p][3]
						o[p][1] = even1 + odd1
						o[p][2] = even1 - odd1
						vector even3 = -h[p][2] + h[p][4]
						vector odd3 = h[p][1] - h[p][3]
						o[p][3] = even3 - 2 * odd3
						o[p][4] = even3 + 2 * odd3
						o[p][5] = 4 * h[p][1] - 5 * h[p][3] + h[p][5]
					for p = 0 .. 6, unrolled
						for q = 0 .. 6, unrolled
							V[p][q][c][3 * u + v] = o[p][q]
_2_tile(V, U, M, p, q, k0, kn, z0, zn)
	vector acc[4][3]
	for kt = 0 .. 4, unrolled
		for zt = 0 .. 3, unrolled
			acc[kt][zt] = nn_splat(0)
	for c0 = 0 .. 32 step 8
		for ct = 0 .. 8, unrolled
			no load moves over this line
			for kt = 0 .. kn, unrolled
				for zt = 0 .. zn, unrolled
					acc[kt][zt] += NN_AT(V[p][q][c0 / 8][z0 + zt], ct) * U[p][q][k0 + kt][c0 + ct]
	for kt = 0 .. kn, unrolled
		for zt = 0 .. zn, unrolled
			M[p][q][k0 + kt][z0 + zt] = acc[kt][zt]
_2(V, U, M)
	for p = 0 .. 6
		for q = 0 .. 6
			for z0 = 0 .. 9 step 3
				call _2_tile(V, U, M, p, q, 0, 4, z0, 3)
_3(M, sum, n)
	for k = 0 .. 4
		for u = 0 .. 3
			for v = 0 .. 3
				block
					vector h[4][6]
					vector o[4][4]
					for a = 4 .. 8, unrolled
						prefetch 4 vectors at &sum[n][k][0][0] + 11 * (4 * u + a) + 4 * v, to write
					for q = 0 .. 6, unrolled
						vector d[6]
						for p = 0 .. 6, unrolled
							d[p] = M[p][q][k][3 * u + v]
						vector sum1 = d[1] + d[2]
						vector dif1 = d[1] - d[2]
						vector sum3 = d[3] + d[4]
						vector dif3 = d[3] - d[4]
						h[0][q] = d[0] + sum1 + sum3
						h[1][q] = dif1 + 2 * dif3
						h[2][q] = sum1 + 4 * sum3
						h[3][q] = dif1 + 8 * dif3 + d[5]
					for a = 0 .. 4, unrolled
						vector sum1 = h[a][1] + h[a][2]
						vector dif1 = h[a][1] - h[a][2]
						vector sum3 = h[a][3] + h[a][4]
						vector dif3 = h[a][3] - h[a][4]
						o[a][0] = h[a][0] + sum1 + sum3
						o[a][1] = dif1 + 2 * dif3
						o[a][2] = sum1 + 4 * sum3
						o[a][3] = dif1 + 8 * dif3 + h[a][5]
					if (unsigned)(4 * v + 3) < 11u
						for a = 0 .. 4, unrolled
							for b = 0 .. 4, unrolled
								sum[n][k][4 * u + a][4 * v + b] = o[a][b]
					else
						for a = 0 .. 4, unrolled
							for b = 0 .. 4, unrolled
								if (unsigned)(4 * v + b) < 11u
									sum[n][k][4 * u + a][4 * v + b] = o[a][b]
kernel(y, U, sum)
	int live = t->run->live
	vector V[6][6][4][9]
	vector M[6][6][4][9]
	span part = nn_share(t, live)
	for n = part.from .. part.to
		call _1(y, V, n)
		call _2(V, U, M)
		call _3(M, sum, n)

k30
y[n,k,i,j] = bias[k] + sum[n,k,i,j]
sum2[n,k] = sum{i,j} y[n,k,i,j]
kernel(bias, sum, sum2)
	int live = t->run->live
	span part = nn_share(t, live)
	for n = part.from .. part.to
		for k = 0 .. 4
			vector acc1 = nn_splat(0)
			for i = 0 .. 12
				for j = 0 .. 11
					vector y = bias[k] + sum[n][k][i][j]
					acc1 += y
			sum2[n][k] = acc1

k31
y[n,c,0,0] = sum[n,c] * 0.00757576
kernel(sum, y)
	int live = t->run->live
	span part = nn_share(t, live)
	for n = part.from .. part.to
		for c = 0 .. 4
			y[n][c][0][0] = sum[n][c] * (nn_real)0.007575757575757576

k32
sum[n,k] = sum{c} y[n,c,0,0] * weight[k,c,0,0]
output[n,k] = bias[k] + sum[n,k]
_tile(y, weight, bias, output, n0, nn)
	vector acc[2]
	for nt = 0 .. 2, unrolled
		acc[nt] = nn_splat(0)
	for c0 = 0 .. 32 step 8
		for ct = 0 .. 8, unrolled
			no load moves over this line
			for nt = 0 .. nn, unrolled
				acc[nt] += NN_AT(y[n0 + nt][c0 / 8][0][0], ct) * weight[0][c0 + ct][0][0]
	for nt = 0 .. nn, unrolled
		vector sum = acc[nt]
		output[n0 + nt][0] = bias[0] + sum
kernel(y, weight, bias, output)
	int live = t->run->live
	span part = nn_share(t, live)
	block
		int n0 = part.from
		for n0 = n0 .. part.to step 2 while whole
			call _tile(y, weight, bias, output, n0, 2)
		for n0 = n0 .. part.to
			call _tile(y, weight, bias, output, n0, 1)

k33
m[n] = max{c} output[n,c]
z[n] = sum{c} exp(output[n,c] - m[n])
l[n] = log(z[n])
kernel(output, m, l)
	int live = t->run->live
	span part = nn_share(t, live)
	for n = part.from .. part.to
		block
			vector acc = nn_splat(-INFINITY)
			vector v = output[n][0]
			acc = nn_ifabove(v, acc, v, acc)
			m[n] = nn_hmax(acc)
		real z
		block
			vector acc = nn_splat(0)
			acc += nn_exp(output[n][0] - m[n])
			z = nn_sum(acc)
		l[n] = nn_log(nn_splat(z))[0]

k34
q[n,c] = ifeq(target[n], (c), 1, 0)
kernel(target, q)
	int live = t->run->live
	span part = nn_share(t, live)
	for n = part.from .. part.to
		q[n][0] = nn_ifeq(nn_splat(target[n]), (nn_real)0 + 1 * nn_iota(), nn_splat(1), nn_splat(0))

k35
loss[n] = sum{c} q[n,c] * (l[n] - (output[n,c] - m[n]))
_tile(q, l, output, m, loss, n0, nn)
	real acc[2]
	for nt = 0 .. 2, unrolled
		acc[nt] = 0
	for c = 0 .. 8
		for nt = 0 .. nn, unrolled
			acc[nt] += NN_AT(q[n0 + nt][c / 8], c % 8) * (l[n0 + nt] - (NN_AT(output[n0 + nt][c / 8], c % 8) - m[n0 + nt]))
	for nt = 0 .. nn, unrolled
		loss[n0 + nt] = acc[nt]
kernel(q, l, output, m, loss)
	int live = t->run->live
	span part = nn_share(t, live)
	block
		int n0 = part.from
		for n0 = n0 .. part.to step 2 while whole
			call _tile(q, l, output, m, loss, n0, 2)
		for n0 = n0 .. part.to
			call _tile(q, l, output, m, loss, n0, 1)
---- barrier

k36
sum[0] = sum{n} loss[n]
loss2[0] = sum[0] / batch
kernel(loss, loss2)
	if t->thread
		leave
	int live = t->run->live
	real u0 = (nn_real)(double)t->run->live
	real sum
	block
		real acc = 0
		for n = 0 .. live
			acc += loss[n]
		sum = acc
	loss2[0] = sum / u0
