forward

k00
sum[n,k,ij] = sum{c} x[n,c,ij] * weight[k,c,0,0]
y[n,k,ij] = bias[k] + sum[n,k,ij]
_tile(x, weight, bias, y, n, k0, kn, ij0, ijn)
	int live = t->run->live
	vector acc[3][3]
	for kt = 0 .. 3, unrolled
		for ijt = 0 .. 3, unrolled
			acc[kt][ijt] = nn_splat(0)
	for c = 0 .. 2
		no load moves over this line
		for kt = 0 .. kn, unrolled
			for ijt = 0 .. ijn, unrolled
				acc[kt][ijt] += x[n][c][ij0 + ijt] * weight[k0 + kt][c][0][0]
	for kt = 0 .. kn, unrolled
		for ijt = 0 .. ijn, unrolled
			vector sum = acc[kt][ijt]
			y[n][k0 + kt][ij0 + ijt] = nn_first(live - 8 * n, bias[k0 + kt] + sum)
kernel(x, weight, bias, y)
	int live = t->run->live
	int blocks = (live + 7) / 8
	span part = nn_share(t, blocks * 14)
	for piece = part.from .. part.to
		int n = piece / 14
		int ij0 = piece % 14 * 3
		call _tile(x, weight, bias, y, n, 0, 3, ij0, 3)
---- barrier

k01
sum[n,k,i,j] = sum{c,r,s} y[n,c,2i+r-1,2j+s-1] * weight[k,c,r,s]
y2[n,k,i,j] = bias[k] + sum[n,k,i,j]
output[n,k,i,j] = max(0, y2[n,k,i,j])
dy[n,k,i,j] = 1 / batch * 0.0208333 * (output[n,k,i,j] - target[n,k,i,j]) + 1 / batch * 0.0208333 * (output[n,k,i,j] - target[n,k,i,j])
dy2[n,k,i,j] = ifgt(output[n,k,i,j], 0, dy[n,k,i,j], 0)
_tile(y, weight, bias, output, target, dy2, n, j, k0, kn, i0, in, u0, edge)
	int live = t->run->live
	vector acc[2][4]
	for kt = 0 .. 2, unrolled
		for it = 0 .. 4, unrolled
			acc[kt][it] = nn_splat(0)
	for c = 0 .. 3
		for r = 0 .. 3, unrolled
			for s = nn_lo(2 * j - 1, 1) .. nn_hi(2 * j - 1, 1, 6, 3)
				no load moves over this line
				for it = 0 .. in, unrolled
					for kt = 0 .. kn, unrolled
						if !edge || (unsigned)(2 * (i0 + it) + r - 1) < 7u
							acc[kt][it] += y[n][c][2 * (i0 + it) + r - 1][2 * j + s - 1] * weight[k0 + kt][c][r][s]
	for kt = 0 .. kn, unrolled
		for it = 0 .. in, unrolled
			vector sum = acc[kt][it]
			vector y2 = bias[k0 + kt] + sum
			output[n][k0 + kt][i0 + it][j] = nn_max(nn_splat(0), y2)
			vector dy = u0 * (output[n][k0 + kt][i0 + it][j] - target[n][k0 + kt][i0 + it][j]) + u0 * (output[n][k0 + kt][i0 + it][j] - target[n][k0 + kt][i0 + it][j])
			dy2[n][k0 + kt][i0 + it][j] = nn_first(live - 8 * n, nn_ifgt(output[n][k0 + kt][i0 + it][j], nn_splat(0), dy, nn_splat(0)))
kernel(y, weight, bias, output, target, dy2)
	int live = t->run->live
	int blocks = (live + 7) / 8
	real u0 = (nn_real)(1 / (double)t->run->live * 0.020833333333333332)
	span part = nn_share(t, blocks * 6)
	for piece = part.from .. part.to
		int n = piece / 6
		int j = piece / 2 % 3
		int k0 = piece % 2 * 2
		call _tile(y, weight, bias, output, target, dy2, n, j, k0, 2, 0, 4, u0, 1)
---- barrier

k02
sum[n] = sum{c,h,w} (output[n,c,h,w] - target[n,c,h,w]) * (output[n,c,h,w] - target[n,c,h,w])
loss[n] = sum[n] * 0.0208333
kernel(output, target, loss)
	int live = t->run->live
	int blocks = (live + 7) / 8
	span part = nn_share(t, blocks)
	for n = part.from .. part.to
		vector sum
		block
			vector acc = nn_splat(0)
			for c = 0 .. 4
				for h = 0 .. 4
					for w = 0 .. 3
						acc += (output[n][c][h][w] - target[n][c][h][w]) * (output[n][c][h][w] - target[n][c][h][w])
			sum = acc
		loss[n] = nn_first(live - 8 * n, sum * (nn_real)0.020833333333333332)
---- barrier

k03
sum[0] = sum{n} loss[n]
loss2[0] = sum[0] / batch
kernel(loss, loss2)
	if t->thread
		leave
	int live = t->run->live
	int blocks = (live + 7) / 8
	real u0 = (nn_real)(double)t->run->live
	real sum
	block
		vector acc = nn_splat(0)
		for n = 0 .. blocks
			acc += loss[n]
		sum = nn_sum(acc)
	loss2[0] = sum / u0

backward

k04
dbias[k] = sum{n,i,j} dy[n,k,i,j]
kernel(dy, dbias)
	int live = t->run->live
	int blocks = (live + 7) / 8
	span part = nn_share(t, 4)
	for k = part.from .. part.to
		block
			vector acc = nn_splat(0)
			for n = 0 .. blocks
				for i = 0 .. 4
					for j = 0 .. 3
						acc += dy[n][k][i][j]
			dbias[k] = nn_sum(acc)

k05
dy2[n,c,2u,2v] = sum{k} dy[n,k,u,v] * weight[k,c,1,1]
_tile(dy, weight, dy2, n, c0, cn, u, v0, vn)
	int live = t->run->live
	vector acc[3][3]
	for ct = 0 .. 3, unrolled
		for vt = 0 .. 3, unrolled
			acc[ct][vt] = nn_splat(0)
	for k = 0 .. 4
		no load moves over this line
		for ct = 0 .. cn, unrolled
			for vt = 0 .. vn, unrolled
				acc[ct][vt] += dy[n][k][u][v0 + vt] * weight[k][c0 + ct][1][1]
	for ct = 0 .. cn, unrolled
		for vt = 0 .. vn, unrolled
			dy2[n][c0 + ct][2 * u][2 * (v0 + vt)] = nn_first(live - 8 * n, acc[ct][vt])
kernel(dy, weight, dy2)
	int live = t->run->live
	int blocks = (live + 7) / 8
	span part = nn_share(t, blocks * 4)
	for piece = part.from .. part.to
		int n = piece / 4
		int u = piece % 4
		call _tile(dy, weight, dy2, n, 0, 3, u, 0, 3)
---- barrier

k06
dy2[n,c,2u,2v+1] = sum{k,s} dy[n,k,u,v-s+1] * weight[k,c,1,2s]
_tile(dy, weight, dy2, n, c0, cn, u, v0, vn, edge)
	int live = t->run->live
	vector acc[3][3]
	for ct = 0 .. 3, unrolled
		for vt = 0 .. 3, unrolled
			acc[ct][vt] = nn_splat(0)
	for k = 0 .. 4
		for s = 0 .. 2, unrolled
			no load moves over this line
			for ct = 0 .. cn, unrolled
				for vt = 0 .. vn, unrolled
					if !edge || (unsigned)(v0 + vt - s + 1) < 3u
						acc[ct][vt] += dy[n][k][u][v0 + vt - s + 1] * weight[k][c0 + ct][1][2 * s]
	for ct = 0 .. cn, unrolled
		for vt = 0 .. vn, unrolled
			dy2[n][c0 + ct][2 * u][2 * (v0 + vt) + 1] = nn_first(live - 8 * n, acc[ct][vt])
kernel(dy, weight, dy2)
	int live = t->run->live
	int blocks = (live + 7) / 8
	span part = nn_share(t, blocks * 4)
	for piece = part.from .. part.to
		int n = piece / 4
		int u = piece % 4
		call _tile(dy, weight, dy2, n, 0, 3, u, 0, 3, 1)
---- barrier

k07
dy2[n,c,2u+1,2v] = sum{k,r} dy[n,k,u-r+1,v] * weight[k,c,2r,1]
_tile(dy, weight, dy2, n, c0, cn, u, v0, vn)
	int live = t->run->live
	vector acc[3][3]
	for ct = 0 .. 3, unrolled
		for vt = 0 .. 3, unrolled
			acc[ct][vt] = nn_splat(0)
	for k = 0 .. 4
		for r = 0 .. 2
			no load moves over this line
			for ct = 0 .. cn, unrolled
				for vt = 0 .. vn, unrolled
					acc[ct][vt] += dy[n][k][u - r + 1][v0 + vt] * weight[k][c0 + ct][2 * r][1]
	for ct = 0 .. cn, unrolled
		for vt = 0 .. vn, unrolled
			dy2[n][c0 + ct][2 * u + 1][2 * (v0 + vt)] = nn_first(live - 8 * n, acc[ct][vt])
kernel(dy, weight, dy2)
	int live = t->run->live
	int blocks = (live + 7) / 8
	span part = nn_share(t, blocks * 3)
	for piece = part.from .. part.to
		int n = piece / 3
		int u = piece % 3
		call _tile(dy, weight, dy2, n, 0, 3, u, 0, 3)
---- barrier

k08
dy2[n,c,2u+1,2v+1] = sum{k,r,s} dy[n,k,u-r+1,v-s+1] * weight[k,c,2r,2s]
_tile(dy, weight, dy2, n, c0, cn, u, v0, vn, edge)
	int live = t->run->live
	vector acc[3][3]
	for ct = 0 .. 3, unrolled
		for vt = 0 .. 3, unrolled
			acc[ct][vt] = nn_splat(0)
	for k = 0 .. 4
		for r = 0 .. 2
			for s = 0 .. 2, unrolled
				no load moves over this line
				for ct = 0 .. cn, unrolled
					for vt = 0 .. vn, unrolled
						if !edge || (unsigned)(v0 + vt - s + 1) < 3u
							acc[ct][vt] += dy[n][k][u - r + 1][v0 + vt - s + 1] * weight[k][c0 + ct][2 * r][2 * s]
	for ct = 0 .. cn, unrolled
		for vt = 0 .. vn, unrolled
			dy2[n][c0 + ct][2 * u + 1][2 * (v0 + vt) + 1] = nn_first(live - 8 * n, acc[ct][vt])
kernel(dy, weight, dy2)
	int live = t->run->live
	int blocks = (live + 7) / 8
	span part = nn_share(t, blocks * 3)
	for piece = part.from .. part.to
		int n = piece / 3
		int u = piece % 3
		call _tile(dy, weight, dy2, n, 0, 3, u, 0, 3, 1)

k09
dweight[k,c,r,s] = sum{n,i,j} dy[n,k,i,j] * y[n,c,r+2i-1,s+2j-1]
_tile(dy, y, partial, k, c0, cn, r, s0, sn, n, row_from, row_to, first, edge)
	vector acc[3][3]
	for ct = 0 .. cn, unrolled
		for st = 0 .. sn, unrolled
			acc[ct][st] = first ? nn_splat(0) : partial[k][c0 + ct][r][s0 + st]
	for ct = 0 .. cn, unrolled
		prefetch sn vectors at &partial[k][c0 + ct][r][s0] + sn
	for i = nn_most(row_from, nn_lo(r - 1, 2)) .. nn_least(row_to, nn_hi(r - 1, 2, 7, 4))
		for j = 0 .. 3, unrolled
			no load moves over this line
			for ct = 0 .. cn, unrolled
				for st = 0 .. sn, unrolled
					if !edge || (unsigned)(s0 + st + 2 * j - 1) < 6u
						acc[ct][st] += dy[n][k][i][j] * y[n][c0 + ct][r + 2 * i - 1][s0 + st + 2 * j - 1]
	for ct = 0 .. cn, unrolled
		for st = 0 .. sn, unrolled
			partial[k][c0 + ct][r][s0 + st] = acc[ct][st]
kernel(dy, y, dweight, partial)
	int live = t->run->live
	int blocks = (live + 7) / 8
	span part = nn_share(t, 4)
	for k = part.from .. part.to
		for n = 0 .. blocks
			for row_from = 0 .. 4 step 4
				int row_to = nn_least(row_from + 4, 4)
				int first = n == 0 && row_from == 0
				for r = 0 .. 3
					call _tile(dy, y, partial, k, 0, 3, r, 0, 3, n, row_from, row_to, first, 1)
		dweight[k][0][0][0] = sum of each of 27 vectors from partial[k][0][0][0]
---- barrier

k10
dbias[k] = sum{n,i,j} dy[n,k,i,j]
kernel(dy, dbias)
	int live = t->run->live
	int blocks = (live + 7) / 8
	span part = nn_share(t, 3)
	for k = part.from .. part.to
		block
			vector acc = nn_splat(0)
			for n = 0 .. blocks
				for i = 0 .. 7
					for j = 0 .. 6
						acc += dy[n][k][i][j]
			dbias[k] = nn_sum(acc)

k11
dweight[k,c,0,0] = sum{n,i,j} dy[n,k,i,j] * x[n,c,i,j]
_tile(dy, x, partial, k0, kn, c0, cn, n, row_from, row_to, first)
	vector acc[2][2]
	for kt = 0 .. kn, unrolled
		for ct = 0 .. cn, unrolled
			acc[kt][ct] = first ? nn_splat(0) : partial[k0 + kt][c0 + ct][0][0]
	for kt = 0 .. kn, unrolled
		prefetch cn vectors at &partial[k0 + kt][c0][0][0] + cn
	for i = row_from .. row_to
		for j = 0 .. 6
			no load moves over this line
			for kt = 0 .. kn, unrolled
				for ct = 0 .. cn, unrolled
					acc[kt][ct] += dy[n][k0 + kt][i][j] * x[n][c0 + ct][i][j]
	for kt = 0 .. kn, unrolled
		for ct = 0 .. cn, unrolled
			partial[k0 + kt][c0 + ct][0][0] = acc[kt][ct]
kernel(dy, x, dweight, partial)
	int live = t->run->live
	int blocks = (live + 7) / 8
	span part = nn_share(t, 2)
	for piece = part.from .. part.to
		int k0 = piece * 2
		if k0 < 2
			for n = 0 .. blocks
				for row_from = 0 .. 7 step 7
					int row_to = nn_least(row_from + 7, 7)
					int first = n == 0 && row_from == 0
					call _tile(dy, x, partial, k0, 2, 0, 2, n, row_from, row_to, first)
			for kt = 0 .. 2
				dweight[k0 + kt][0][0][0] = sum of each of 2 vectors from partial[k0 + kt][0][0][0]
		else
			for n = 0 .. blocks
				for row_from = 0 .. 7 step 7
					int row_to = nn_least(row_from + 7, 7)
					int first = n == 0 && row_from == 0
					call _tile(dy, x, partial, k0, 1, 0, 2, n, row_from, row_to, first)
			for kt = 0 .. 1
				dweight[k0 + kt][0][0][0] = sum of each of 2 vectors from partial[k0 + kt][0][0][0]

update
---- barrier

k12
d[k,c,0,0] = dweight[k,c,0,0]
momentum_buffer[k,c,0,0] = d[k,c,0,0]
weight[k,c,0,0] := weight[k,c,0,0] - hyper0 * momentum_buffer[k,c,0,0]
kernel(dweight, weight)
	real u0 = (nn_real)t->run->hyper[0]
	span part = nn_share(t, 1)
	for e = part.from .. part.to
		vector d = dweight[e]
		vector momentum_buffer = d
		weight[e] = weight[e] - u0 * momentum_buffer

k13
d[k] = dbias[k]
momentum_buffer[k] = d[k]
bias[k] := bias[k] - hyper0 * momentum_buffer[k]
kernel(dbias, bias)
	real u0 = (nn_real)t->run->hyper[0]
	span part = nn_share(t, 1)
	for e = part.from .. part.to
		vector d = dbias[e]
		vector momentum_buffer = d
		bias[e] = bias[e] - u0 * momentum_buffer

k14
d[k,c,r,s] = dweight[k,c,r,s]
momentum_buffer[k,c,r,s] = d[k,c,r,s]
weight[k,c,r,s] := weight[k,c,r,s] - hyper0 * momentum_buffer[k,c,r,s]
kernel(dweight, weight)
	real u0 = (nn_real)t->run->hyper[0]
	span part = nn_share(t, 14)
	for e = part.from .. part.to
		vector d = dweight[e]
		vector momentum_buffer = d
		weight[e] = weight[e] - u0 * momentum_buffer

k15
d[k] = dbias[k]
momentum_buffer[k] = d[k]
bias[k] := bias[k] - hyper0 * momentum_buffer[k]
kernel(dbias, bias)
	real u0 = (nn_real)t->run->hyper[0]
	span part = nn_share(t, 1)
	for e = part.from .. part.to
		vector d = dbias[e]
		vector momentum_buffer = d
		bias[e] = bias[e] - u0 * momentum_buffer

evaluation

k16
sum[n,k,ij] = sum{c} x[n,c,ij] * weight[k,c,0,0]
y[n,k,ij] = bias[k] + sum[n,k,ij]
_tile(x, weight, bias, y, n, k0, kn, ij0, ijn)
	vector acc[3][3]
	for kt = 0 .. 3, unrolled
		for ijt = 0 .. 3, unrolled
			acc[kt][ijt] = nn_splat(0)
	for c = 0 .. 2
		no load moves over this line
		for kt = 0 .. kn, unrolled
			for ijt = 0 .. ijn, unrolled
				acc[kt][ijt] += x[n][c][ij0 + ijt] * weight[k0 + kt][c][0][0]
	for kt = 0 .. kn, unrolled
		for ijt = 0 .. ijn, unrolled
			vector sum = acc[kt][ijt]
			y[n][k0 + kt][ij0 + ijt] = bias[k0 + kt] + sum
kernel(x, weight, bias, y)
	int live = t->run->live
	int blocks = (live + 7) / 8
	span part = nn_share(t, blocks * 14)
	for piece = part.from .. part.to
		int n = piece / 14
		int ij0 = piece % 14 * 3
		call _tile(x, weight, bias, y, n, 0, 3, ij0, 3)
---- barrier

k17
sum[n,k,i,j] = sum{c,r,s} y[n,c,2i+r-1,2j+s-1] * weight[k,c,r,s]
y2[n,k,i,j] = bias[k] + sum[n,k,i,j]
output[n,k,i,j] = max(0, y2[n,k,i,j])
_tile(y, weight, bias, output, n, j, k0, kn, i0, in, edge)
	vector acc[2][4]
	for kt = 0 .. 2, unrolled
		for it = 0 .. 4, unrolled
			acc[kt][it] = nn_splat(0)
	for c = 0 .. 3
		for r = 0 .. 3, unrolled
			for s = nn_lo(2 * j - 1, 1) .. nn_hi(2 * j - 1, 1, 6, 3)
				no load moves over this line
				for it = 0 .. in, unrolled
					for kt = 0 .. kn, unrolled
						if !edge || (unsigned)(2 * (i0 + it) + r - 1) < 7u
							acc[kt][it] += y[n][c][2 * (i0 + it) + r - 1][2 * j + s - 1] * weight[k0 + kt][c][r][s]
	for kt = 0 .. kn, unrolled
		for it = 0 .. in, unrolled
			vector sum = acc[kt][it]
			vector y2 = bias[k0 + kt] + sum
			output[n][k0 + kt][i0 + it][j] = nn_max(nn_splat(0), y2)
kernel(y, weight, bias, output)
	int live = t->run->live
	int blocks = (live + 7) / 8
	span part = nn_share(t, blocks * 6)
	for piece = part.from .. part.to
		int n = piece / 6
		int j = piece / 2 % 3
		int k0 = piece % 2 * 2
		call _tile(y, weight, bias, output, n, j, k0, 2, 0, 4, 1)
---- barrier

k18
sum[n] = sum{c,h,w} (output[n,c,h,w] - target[n,c,h,w]) * (output[n,c,h,w] - target[n,c,h,w])
loss[n] = sum[n] * 0.0208333
kernel(output, target, loss)
	int live = t->run->live
	int blocks = (live + 7) / 8
	span part = nn_share(t, blocks)
	for n = part.from .. part.to
		vector sum
		block
			vector acc = nn_splat(0)
			for c = 0 .. 4
				for h = 0 .. 4
					for w = 0 .. 3
						acc += (output[n][c][h][w] - target[n][c][h][w]) * (output[n][c][h][w] - target[n][c][h][w])
			sum = acc
		loss[n] = nn_first(live - 8 * n, sum * (nn_real)0.020833333333333332)
---- barrier

k19
sum[0] = sum{n} loss[n]
loss2[0] = sum[0] / batch
kernel(loss, loss2)
	if t->thread
		leave
	int live = t->run->live
	int blocks = (live + 7) / 8
	real u0 = (nn_real)(double)t->run->live
	real sum
	block
		vector acc = nn_splat(0)
		for n = 0 .. blocks
			acc += loss[n]
		sum = nn_sum(acc)
	loss2[0] = sum / u0
