forward

k00
sum[n,k] = sum{c} x[n,c] * weight[k,c]
y[n,k] = bias[k] + sum[n,k]
y2[n,k] = tanh(y[n,k])
_tile(x, weight, bias, y2, n, k0, kn)
	int live = t->run->live
	vector acc[7]
	for kt = 0 .. 7, unrolled
		acc[kt] = nn_splat(0)
	for c = 0 .. 5
		no load moves over this line
		for kt = 0 .. kn, unrolled
			acc[kt] += x[n][c] * weight[k0 + kt][c]
	for kt = 0 .. kn, unrolled
		vector sum = acc[kt]
		vector y = bias[k0 + kt] + sum
		y2[n][k0 + kt] = nn_first(live - 8 * n, nn_tanh(y))
kernel(x, weight, bias, y2)
	int live = t->run->live
	int blocks = (live + 7) / 8
	span part = nn_share(t, blocks)
	for n = part.from .. part.to
		call _tile(x, weight, bias, y2, n, 0, 7)

k01
sum[n,k] = sum{c} y[n,c] * weight[k,c]
output[n,k] = bias[k] + sum[n,k]
_tile(y, weight, bias, output, n, k0, kn)
	vector acc[3]
	for kt = 0 .. 3, unrolled
		acc[kt] = nn_splat(0)
	for c = 0 .. 7
		no load moves over this line
		for kt = 0 .. kn, unrolled
			acc[kt] += y[n][c] * weight[k0 + kt][c]
	for kt = 0 .. kn, unrolled
		vector sum = acc[kt]
		output[n][k0 + kt] = bias[k0 + kt] + sum
kernel(y, weight, bias, output)
	int live = t->run->live
	int blocks = (live + 7) / 8
	span part = nn_share(t, blocks)
	for n = part.from .. part.to
		call _tile(y, weight, bias, output, n, 0, 3)

k02
m[n] = max{c} output[n,c]
z[n] = sum{c} exp(output[n,c] - m[n])
l[n] = log(z[n])
kernel(output, m, l)
	int live = t->run->live
	int blocks = (live + 7) / 8
	span part = nn_share(t, blocks)
	for n = part.from .. part.to
		block
			vector acc = nn_splat(-INFINITY)
			for c = 0 .. 3
				vector v = output[n][c]
				acc = nn_ifabove(v, acc, v, acc)
			m[n] = acc
		vector z
		block
			vector acc = nn_splat(0)
			for c2 = 0 .. 3
				acc += nn_exp(output[n][c2] - m[n])
			z = acc
		l[n] = nn_log(z)

k03
q[n,c] = ifeq(target[n], (c), 1, 0)
kernel(target, q)
	int live = t->run->live
	int blocks = (live + 7) / 8
	span part = nn_share(t, blocks)
	for n = part.from .. part.to
		for c = 0 .. 3
			q[n][c] = nn_ifeq(target[n], nn_splat((nn_real)c), nn_splat(1), nn_splat(0))

k04
loss[n] = sum{c} q[n,c] * (l[n] - (output[n,c] - m[n]))
kernel(q, l, output, m, loss)
	int live = t->run->live
	int blocks = (live + 7) / 8
	span part = nn_share(t, blocks)
	for n = part.from .. part.to
		block
			vector acc = nn_splat(0)
			for c = 0 .. 3
				acc += q[n][c] * (l[n] - (output[n][c] - m[n]))
			loss[n] = nn_first(live - 8 * n, acc)
---- barrier

k05
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

k06
s[n] = sum{c} q[n,c]
dy[n,c] = (exp(output[n,c] - m[n] - l[n]) * s[n] - q[n,c]) / batch
kernel(q, output, m, l, dy)
	int live = t->run->live
	int blocks = (live + 7) / 8
	real u0 = (nn_real)(double)t->run->live
	span part = nn_share(t, blocks)
	for n = part.from .. part.to
		vector s
		block
			vector acc = nn_splat(0)
			for c = 0 .. 3
				acc += q[n][c]
			s = acc
		for c2 = 0 .. 3, unrolled
			dy[n][c2] = nn_first(live - 8 * n, (nn_exp(output[n][c2] - m[n] - l[n]) * s - q[n][c2]) / u0)
---- barrier

k07
dbias[k] = sum{n} dy[n,k]
kernel(dy, dbias)
	int live = t->run->live
	int blocks = (live + 7) / 8
	span part = nn_share(t, 3)
	for k = part.from .. part.to
		block
			vector acc = nn_splat(0)
			for n = 0 .. blocks
				acc += dy[n][k]
			dbias[k] = nn_sum(acc)

k08
dy2[n,c] = sum{k} dy[n,k] * weight[k,c]
dy3[n,c] = dy2[n,c] * (1 - y[n,c] * y[n,c])
_tile(dy, weight, y, dy3, n, c0, cn)
	int live = t->run->live
	vector acc[7]
	for ct = 0 .. 7, unrolled
		acc[ct] = nn_splat(0)
	for k = 0 .. 3
		no load moves over this line
		for ct = 0 .. cn, unrolled
			acc[ct] += dy[n][k] * weight[k][c0 + ct]
	for ct = 0 .. cn, unrolled
		vector dy2 = acc[ct]
		dy3[n][c0 + ct] = nn_first(live - 8 * n, dy2 * (1 - y[n][c0 + ct] * y[n][c0 + ct]))
kernel(dy, weight, y, dy3)
	int live = t->run->live
	int blocks = (live + 7) / 8
	span part = nn_share(t, blocks)
	for n = part.from .. part.to
		call _tile(dy, weight, y, dy3, n, 0, 7)

k09
dweight[k,c] = sum{n} dy[n,k] * y[n,c]
_tile(dy, y, dweight, k0, kn, c0, cn)
	int live = t->run->live
	int blocks = (live + 7) / 8
	vector acc[3][2]
	for kt = 0 .. 3, unrolled
		for ct = 0 .. 2, unrolled
			acc[kt][ct] = nn_splat(0)
	for n = 0 .. blocks
		no load moves over this line
		for kt = 0 .. kn, unrolled
			for ct = 0 .. cn, unrolled
				acc[kt][ct] += dy[n][k0 + kt] * y[n][c0 + ct]
	real total[6]
	total = sum of each of 6 vectors of acc
	for kt = 0 .. kn, unrolled
		for ct = 0 .. cn, unrolled
			dweight[k0 + kt][c0 + ct] = total[kt * 2 + ct]
kernel(dy, y, dweight)
	span part = nn_share(t, 4)
	for piece = part.from .. part.to
		int c0 = piece % 4 * 2
		if c0 < 6
			call _tile(dy, y, dweight, 0, 3, c0, 2)
		else
			call _tile(dy, y, dweight, 0, 3, c0, 1)
---- barrier

k10
dbias[k] = sum{n} dy[n,k]
kernel(dy, dbias)
	int live = t->run->live
	int blocks = (live + 7) / 8
	span part = nn_share(t, 7)
	for k = part.from .. part.to
		block
			vector acc = nn_splat(0)
			for n = 0 .. blocks
				acc += dy[n][k]
			dbias[k] = nn_sum(acc)

k11
dweight[k,c] = sum{n} dy[n,k] * x[n,c]
_tile(dy, x, dweight, k0, kn, c0, cn)
	int live = t->run->live
	int blocks = (live + 7) / 8
	vector acc[2][5]
	for kt = 0 .. 2, unrolled
		for ct = 0 .. 5, unrolled
			acc[kt][ct] = nn_splat(0)
	for n = 0 .. blocks
		no load moves over this line
		for ct = 0 .. cn, unrolled
			for kt = 0 .. kn, unrolled
				acc[kt][ct] += dy[n][k0 + kt] * x[n][c0 + ct]
	real total[10]
	total = sum of each of 10 vectors of acc
	for kt = 0 .. kn, unrolled
		for ct = 0 .. cn, unrolled
			dweight[k0 + kt][c0 + ct] = total[kt * 5 + ct]
kernel(dy, x, dweight)
	span part = nn_share(t, 4)
	for piece = part.from .. part.to
		int k0 = piece * 2
		if k0 < 6
			call _tile(dy, x, dweight, k0, 2, 0, 5)
		else
			call _tile(dy, x, dweight, k0, 1, 0, 5)

update
---- barrier

k12
d[k,c] = dweight[k,c] + hyper2 * weight[k,c]
momentum_buffer[k,c] := hyper1 * momentum_buffer[k,c] + d[k,c]
weight[k,c] := weight[k,c] - hyper0 * momentum_buffer[k,c]
kernel(dweight, weight, momentum_buffer)
	real u0 = (nn_real)t->run->hyper[2]
	real u1 = (nn_real)t->run->hyper[1]
	real u2 = (nn_real)t->run->hyper[0]
	span part = nn_share(t, 5)
	for e = part.from .. part.to
		vector d = dweight[e] + u0 * weight[e]
		momentum_buffer[e] = u1 * momentum_buffer[e] + d
		weight[e] = weight[e] - u2 * momentum_buffer[e]

k13
d[k] = dbias[k] + hyper2 * bias[k]
momentum_buffer[k] := hyper1 * momentum_buffer[k] + d[k]
bias[k] := bias[k] - hyper0 * momentum_buffer[k]
kernel(dbias, bias, momentum_buffer)
	real u0 = (nn_real)t->run->hyper[2]
	real u1 = (nn_real)t->run->hyper[1]
	real u2 = (nn_real)t->run->hyper[0]
	span part = nn_share(t, 1)
	for e = part.from .. part.to
		vector d = dbias[e] + u0 * bias[e]
		momentum_buffer[e] = u1 * momentum_buffer[e] + d
		bias[e] = bias[e] - u2 * momentum_buffer[e]

k14
d[k,c] = dweight[k,c] + hyper2 * weight[k,c]
momentum_buffer[k,c] := hyper1 * momentum_buffer[k,c] + d[k,c]
weight[k,c] := weight[k,c] - hyper0 * momentum_buffer[k,c]
kernel(dweight, weight, momentum_buffer)
	real u0 = (nn_real)t->run->hyper[2]
	real u1 = (nn_real)t->run->hyper[1]
	real u2 = (nn_real)t->run->hyper[0]
	span part = nn_share(t, 3)
	for e = part.from .. part.to
		vector d = dweight[e] + u0 * weight[e]
		momentum_buffer[e] = u1 * momentum_buffer[e] + d
		weight[e] = weight[e] - u2 * momentum_buffer[e]

k15
d[k] = dbias[k] + hyper2 * bias[k]
momentum_buffer[k] := hyper1 * momentum_buffer[k] + d[k]
bias[k] := bias[k] - hyper0 * momentum_buffer[k]
kernel(dbias, bias, momentum_buffer)
	real u0 = (nn_real)t->run->hyper[2]
	real u1 = (nn_real)t->run->hyper[1]
	real u2 = (nn_real)t->run->hyper[0]
	span part = nn_share(t, 1)
	for e = part.from .. part.to
		vector d = dbias[e] + u0 * bias[e]
		momentum_buffer[e] = u1 * momentum_buffer[e] + d
		bias[e] = bias[e] - u2 * momentum_buffer[e]

evaluation

k16
sum[n,k] = sum{c} x[n,c] * weight[k,c]
y[n,k] = bias[k] + sum[n,k]
y2[n,k] = tanh(y[n,k])
_tile(x, weight, bias, y2, n, k0, kn)
	vector acc[7]
	for kt = 0 .. 7, unrolled
		acc[kt] = nn_splat(0)
	for c = 0 .. 5
		no load moves over this line
		for kt = 0 .. kn, unrolled
			acc[kt] += x[n][c] * weight[k0 + kt][c]
	for kt = 0 .. kn, unrolled
		vector sum = acc[kt]
		vector y = bias[k0 + kt] + sum
		y2[n][k0 + kt] = nn_tanh(y)
kernel(x, weight, bias, y2)
	int live = t->run->live
	int blocks = (live + 7) / 8
	span part = nn_share(t, blocks)
	for n = part.from .. part.to
		call _tile(x, weight, bias, y2, n, 0, 7)

k17
sum[n,k] = sum{c} y[n,c] * weight[k,c]
output[n,k] = bias[k] + sum[n,k]
_tile(y, weight, bias, output, n, k0, kn)
	vector acc[3]
	for kt = 0 .. 3, unrolled
		acc[kt] = nn_splat(0)
	for c = 0 .. 7
		no load moves over this line
		for kt = 0 .. kn, unrolled
			acc[kt] += y[n][c] * weight[k0 + kt][c]
	for kt = 0 .. kn, unrolled
		vector sum = acc[kt]
		output[n][k0 + kt] = bias[k0 + kt] + sum
kernel(y, weight, bias, output)
	int live = t->run->live
	int blocks = (live + 7) / 8
	span part = nn_share(t, blocks)
	for n = part.from .. part.to
		call _tile(y, weight, bias, output, n, 0, 3)

k18
m[n] = max{c} output[n,c]
z[n] = sum{c} exp(output[n,c] - m[n])
l[n] = log(z[n])
kernel(output, m, l)
	int live = t->run->live
	int blocks = (live + 7) / 8
	span part = nn_share(t, blocks)
	for n = part.from .. part.to
		block
			vector acc = nn_splat(-INFINITY)
			for c = 0 .. 3
				vector v = output[n][c]
				acc = nn_ifabove(v, acc, v, acc)
			m[n] = acc
		vector z
		block
			vector acc = nn_splat(0)
			for c2 = 0 .. 3
				acc += nn_exp(output[n][c2] - m[n])
			z = acc
		l[n] = nn_log(z)

k19
q[n,c] = ifeq(target[n], (c), 1, 0)
kernel(target, q)
	int live = t->run->live
	int blocks = (live + 7) / 8
	span part = nn_share(t, blocks)
	for n = part.from .. part.to
		for c = 0 .. 3
			q[n][c] = nn_ifeq(target[n], nn_splat((nn_real)c), nn_splat(1), nn_splat(0))

k20
loss[n] = sum{c} q[n,c] * (l[n] - (output[n,c] - m[n]))
kernel(q, l, output, m, loss)
	int live = t->run->live
	int blocks = (live + 7) / 8
	span part = nn_share(t, blocks)
	for n = part.from .. part.to
		block
			vector acc = nn_splat(0)
			for c = 0 .. 3
				acc += q[n][c] * (l[n] - (output[n][c] - m[n]))
			loss[n] = nn_first(live - 8 * n, acc)
---- barrier

k21
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
