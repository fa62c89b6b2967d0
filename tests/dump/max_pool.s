forward

k00
y[n,k,i,j] = bias[k] + x[n,0,i,j] * weight[k,0,0,0]
kernel(bias, x, weight, y)
	int live = t->run->live
	int blocks = (live + 7) / 8
	span part = nn_share(t, blocks)
	for n = part.from .. part.to
		for k = 0 .. 2
			for i = 0 .. 7
				for j = 0 .. 7
					y[n][k][i][j] = bias[k] + x[n][0][i][j] * weight[k][0][0][0]

k01
output[n,c,i,j] = max{r,s} y[n,c,2i+r,2j+s]
dy[n,c,i,j] = 1 / batch * 0.0555556 * (output[n,c,i,j] - target[n,c,i,j]) + 1 / batch * 0.0555556 * (output[n,c,i,j] - target[n,c,i,j])
kernel(y, output, argmax, target, dy)
	int live = t->run->live
	int blocks = (live + 7) / 8
	real u0 = (nn_real)(1 / (double)t->run->live * 0.05555555555555555)
	span part = nn_share(t, blocks)
	for n = part.from .. part.to
		for c = 0 .. 2
			for i = 0 .. 3
				for j = 0 .. 3
					block
						vector acc = nn_splat(-INFINITY)
						vector at = nn_splat(0)
						for r = 0 .. 3
							for s = 0 .. 3
								vector v = y[n][c][2 * i + r][2 * j + s]
								at = nn_ifabove(v, acc, nn_splat((nn_real)(3 * r + s)), at)
								acc = nn_ifabove(v, acc, v, acc)
						output[n][c][i][j] = acc
						argmax[n][c][i][j] = nn_bstore(at)
					dy[n][c][i][j] = u0 * (output[n][c][i][j] - target[n][c][i][j]) + u0 * (output[n][c][i][j] - target[n][c][i][j])

k02
sum[n] = sum{c,h,w} (output[n,c,h,w] - target[n,c,h,w]) * (output[n,c,h,w] - target[n,c,h,w])
loss[n] = sum[n] * 0.0555556
kernel(output, target, loss)
	int live = t->run->live
	int blocks = (live + 7) / 8
	span part = nn_share(t, blocks)
	for n = part.from .. part.to
		vector sum
		block
			vector acc = nn_splat(0)
			for c = 0 .. 2
				for h = 0 .. 3
					for w = 0 .. 3
						acc += (output[n][c][h][w] - target[n][c][h][w]) * (output[n][c][h][w] - target[n][c][h][w])
			sum = acc
		loss[n] = nn_first(live - 8 * n, sum * (nn_real)0.05555555555555555)
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
dy2[n,c,2u,2v] = sum{r,s} ifeq(argmax[n,c,u-r,v-s], (6r+2s), dy[n,c,u-r,v-s], 0)
kernel(argmax, dy, dy2)
	int live = t->run->live
	int blocks = (live + 7) / 8
	span part = nn_share(t, blocks)
	for n = part.from .. part.to
		for c = 0 .. 2
			for u = 0 .. 4
				for v = 0 .. 4
					block
						vector acc = nn_splat(0)
						for r = 0 .. 2
							for s = 0 .. 2
								acc += nn_ifeq((unsigned)(u - r) < 3u && (unsigned)(v - s) < 3u ? nn_bload(argmax[n][c][u - r][v - s]) : nn_splat(0), nn_splat((nn_real)(6 * r + 2 * s)), (unsigned)(u - r) < 3u && (unsigned)(v - s) < 3u ? dy[n][c][u - r][v - s] : nn_splat(0), nn_splat(0))
						dy2[n][c][2 * u][2 * v] = nn_first(live - 8 * n, acc)

k05
dy2[n,c,2u,2v+1] = sum{r} ifeq(argmax[n,c,u-r,v], (6r+1), dy[n,c,u-r,v], 0)
kernel(argmax, dy, dy2)
	int live = t->run->live
	int blocks = (live + 7) / 8
	span part = nn_share(t, blocks)
	for n = part.from .. part.to
		for c = 0 .. 2
			for u = 0 .. 4
				for v = 0 .. 3
					block
						vector acc = nn_splat(0)
						for r = 0 .. 2
							acc += nn_ifeq((unsigned)(u - r) < 3u ? nn_bload(argmax[n][c][u - r][v]) : nn_splat(0), nn_splat((nn_real)(6 * r + 1)), (unsigned)(u - r) < 3u ? dy[n][c][u - r][v] : nn_splat(0), nn_splat(0))
						dy2[n][c][2 * u][2 * v + 1] = nn_first(live - 8 * n, acc)

k06
dy2[n,c,2u+1,2v] = sum{s} ifeq(argmax[n,c,u,v-s], (2s+3), dy[n,c,u,v-s], 0)
kernel(argmax, dy, dy2)
	int live = t->run->live
	int blocks = (live + 7) / 8
	span part = nn_share(t, blocks)
	for n = part.from .. part.to
		for c = 0 .. 2
			for u = 0 .. 3
				for v = 0 .. 4
					block
						vector acc = nn_splat(0)
						for s = 0 .. 2
							acc += nn_ifeq((unsigned)(v - s) < 3u ? nn_bload(argmax[n][c][u][v - s]) : nn_splat(0), nn_splat((nn_real)(2 * s + 3)), (unsigned)(v - s) < 3u ? dy[n][c][u][v - s] : nn_splat(0), nn_splat(0))
						dy2[n][c][2 * u + 1][2 * v] = nn_first(live - 8 * n, acc)

k07
dy2[n,c,2u+1,2v+1] = ifeq(argmax[n,c,u,v], 4, dy[n,c,u,v], 0)
kernel(argmax, dy, dy2)
	int live = t->run->live
	int blocks = (live + 7) / 8
	span part = nn_share(t, blocks)
	for n = part.from .. part.to
		for c = 0 .. 2
			for u = 0 .. 3
				for v = 0 .. 3
					dy2[n][c][2 * u + 1][2 * v + 1] = nn_first(live - 8 * n, nn_ifeq(nn_bload(argmax[n][c][u][v]), nn_splat(4), dy[n][c][u][v], nn_splat(0)))
---- barrier

k08
dbias[k] = sum{n,i,j} dy[n,k,i,j]
kernel(dy, dbias)
	int live = t->run->live
	int blocks = (live + 7) / 8
	span part = nn_share(t, 2)
	for k = part.from .. part.to
		block
			vector acc = nn_splat(0)
			for n = 0 .. blocks
				for i = 0 .. 7
					vector row
					row = nn_splat(0)
					for j = 0 .. 7
						row += dy[n][k][i][j]
					acc += row
			dbias[k] = nn_sum(acc)

k09
dweight[k,0,0,0] = sum{n,i,j} dy[n,k,i,j] * x[n,0,i,j]
kernel(dy, x, dweight)
	int live = t->run->live
	int blocks = (live + 7) / 8
	span part = nn_share(t, 2)
	for k = part.from .. part.to
		block
			vector acc = nn_splat(0)
			for n = 0 .. blocks
				for i = 0 .. 7
					for j = 0 .. 7
						acc += dy[n][k][i][j] * x[n][0][i][j]
			dweight[k][0][0][0] = nn_sum(acc)

update
---- barrier

k10
d[k,0,0,0] = dweight[k,0,0,0]
momentum_buffer[k,0,0,0] = d[k,0,0,0]
weight[k,0,0,0] := weight[k,0,0,0] - hyper0 * momentum_buffer[k,0,0,0]
kernel(dweight, weight)
	real u0 = (nn_real)t->run->hyper[0]
	span part = nn_share(t, 1)
	for e = part.from .. part.to
		vector d = dweight[e]
		vector momentum_buffer = d
		weight[e] = weight[e] - u0 * momentum_buffer

k11
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

k12
y[n,k,i,j] = bias[k] + x[n,0,i,j] * weight[k,0,0,0]
kernel(bias, x, weight, y)
	int live = t->run->live
	int blocks = (live + 7) / 8
	span part = nn_share(t, blocks)
	for n = part.from .. part.to
		for k = 0 .. 2
			for i = 0 .. 7
				for j = 0 .. 7
					y[n][k][i][j] = bias[k] + x[n][0][i][j] * weight[k][0][0][0]

k13
output[n,c,i,j] = max{r,s} y[n,c,2i+r,2j+s]
kernel(y, output)
	int live = t->run->live
	int blocks = (live + 7) / 8
	span part = nn_share(t, blocks)
	for n = part.from .. part.to
		for c = 0 .. 2
			for i = 0 .. 3
				for j = 0 .. 3
					block
						vector acc = nn_splat(-INFINITY)
						for r = 0 .. 3
							for s = 0 .. 3
								vector v = y[n][c][2 * i + r][2 * j + s]
								acc = nn_ifabove(v, acc, v, acc)
						output[n][c][i][j] = acc

k14
sum[n] = sum{c,h,w} (output[n,c,h,w] - target[n,c,h,w]) * (output[n,c,h,w] - target[n,c,h,w])
loss[n] = sum[n] * 0.0555556
kernel(output, target, loss)
	int live = t->run->live
	int blocks = (live + 7) / 8
	span part = nn_share(t, blocks)
	for n = part.from .. part.to
		vector sum
		block
			vector acc = nn_splat(0)
			for c = 0 .. 2
				for h = 0 .. 3
					for w = 0 .. 3
						acc += (output[n][c][h][w] - target[n][c][h][w]) * (output[n][c][h][w] - target[n][c][h][w])
			sum = acc
		loss[n] = nn_first(live - 8 * n, sum * (nn_real)0.05555555555555555)
---- barrier

k15
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
