/* k00_conv1_sum  (line 5 conv)
 *
 *   sum[n,k,ij] = sum{c} x[n,c,ij] * weight[k,c,0,0]
 *   y[n,k,ij] = bias[k] + sum[n,k,ij]
 *
 *   n 8  k 3  ij 42  c 2
 *   0.005 Mflop, 6.6 kB; tile: 3 k x 3 ij, 9 accumulators */
NN_INLINE void k00_conv1_sum_tile(const nn_task *t,
		const nn_v x[restrict][2][42],
		const nn_real weight[restrict][2][1][1],
		const nn_real bias[restrict],
		nn_v y[restrict][3][42],
		const int n, const int k0, const int kn, const int ij0, const int ijn)
{
	const int live = t->run->live;
	nn_v acc[3][3];
	NN_UNROLL for (int kt = 0; kt < 3; kt++)
	NN_UNROLL for (int ijt = 0; ijt < 3; ijt++)
		acc[kt][ijt] = nn_splat(0);
	for (int c = 0; c < 2; c++)
	{
		NN_STEP;
		NN_UNROLL for (int kt = 0; kt < kn; kt++)
		NN_UNROLL for (int ijt = 0; ijt < ijn; ijt++)
			acc[kt][ijt] += x[n][c][ij0 + ijt] * weight[k0 + kt][c][0][0];
	}
	NN_UNROLL for (int kt = 0; kt < kn; kt++)
	NN_UNROLL for (int ijt = 0; ijt < ijn; ijt++)
	{
		const nn_v sum = acc[kt][ijt];
		y[n][k0 + kt][ij0 + ijt] = nn_first(live - 8 * n, bias[k0 + kt] + sum);
	}
}

NN_KERNEL void k00_conv1_sum(const nn_task *t,
		const nn_v x[restrict][2][42],
		const nn_real weight[restrict][2][1][1],
		const nn_real bias[restrict],
		nn_v y[restrict][3][42])
{
	const int live = t->run->live;
	const int blocks = (live + 7) / 8;
	const nn_span part = nn_share(t, blocks * 1 * 14);
	for (int piece = part.from; piece < part.to; piece++)
	{
		const int n = piece / 14;
		const int k0 = piece / 14 % 1 * 3;
		const int ij0 = piece % 14 * 3;
			k00_conv1_sum_tile(t, x, weight, bias, y, n, k0, 3, ij0, 3);
	}
}

/* k01_conv2_sum  (line 6 conv, line 6 relu)
 *
 *   sum[n,k,i,j] = sum{c,r,s} y[n,c,2i+r-1,2j+s-1] * weight[k,c,r,s]
 *   y2[n,k,i,j] = bias[k] + sum[n,k,i,j]
 *   output[n,k,i,j] = max(0, y2[n,k,i,j])
 *   dy[n,k,i,j] = 1 / batch * 0.0208333 * (output[n,k,i,j] - target[n,k,i,j]) + 1 / batch * 0.0208333 * (output[n,k,i,j] - target[n,k,i,j])
 *   dy2[n,k,i,j] = ifgt(output[n,k,i,j], 0, dy[n,k,i,j], 0)
 *
 *   n 8  k 4  i 4  j 3  c 3  r 3  s 3
 *   0.020 Mflop, 8.9 kB; tile: 2 k x 4 i, 8 accumulators */
NN_INLINE void k01_conv2_sum_tile(const nn_task *t,
		const nn_v y[restrict][3][7][6],
		const nn_real weight[restrict][3][3][3],
		const nn_real bias[restrict],
		nn_v output[restrict][4][4][3],
		const nn_v target[restrict][4][4][3],
		nn_v dy2[restrict][4][4][3],
		const int n, const int j, const int k0, const int kn, const int i0, const int in,
		const nn_real u0, const int edge)
{
	const int live = t->run->live;
	nn_v acc[2][4];
	NN_UNROLL for (int kt = 0; kt < 2; kt++)
	NN_UNROLL for (int it = 0; it < 4; it++)
		acc[kt][it] = nn_splat(0);
	for (int c = 0; c < 3; c++)
	NN_UNROLL for (int r = 0; r < 3; r++)
	for (int s = nn_lo(2 * j - 1, 1); s < nn_hi(2 * j - 1, 1, 6, 3); s++)
	{
		NN_STEP;
		NN_UNROLL for (int it = 0; it < in; it++)
		NN_UNROLL for (int kt = 0; kt < kn; kt++)
		if ((!edge || (unsigned)(2 * (i0 + it) + r - 1) < 7u))
			acc[kt][it] += y[n][c][2 * (i0 + it) + r - 1][2 * j + s - 1] * weight[k0 + kt][c][r][s];
	}
	NN_UNROLL for (int kt = 0; kt < kn; kt++)
	NN_UNROLL for (int it = 0; it < in; it++)
	{
		const nn_v sum = acc[kt][it];
		const nn_v y2 = bias[k0 + kt] + sum;
		output[n][k0 + kt][i0 + it][j] = nn_max(nn_splat(0), y2);
		const nn_v dy = u0 * (output[n][k0 + kt][i0 + it][j] - target[n][k0 + kt][i0 + it][j]) + u0 * (output[n][k0 + kt][i0 + it][j] - target[n][k0 + kt][i0 + it][j]);
		dy2[n][k0 + kt][i0 + it][j] = nn_first(live - 8 * n, nn_ifgt(output[n][k0 + kt][i0 + it][j], nn_splat(0), dy, nn_splat(0)));
	}
}

NN_KERNEL void k01_conv2_sum(const nn_task *t,
		const nn_v y[restrict][3][7][6],
		const nn_real weight[restrict][3][3][3],
		const nn_real bias[restrict],
		nn_v output[restrict][4][4][3],
		const nn_v target[restrict][4][4][3],
		nn_v dy2[restrict][4][4][3])
{
	const int live = t->run->live;
	const int blocks = (live + 7) / 8;
	const nn_real u0 = (nn_real)((1 / (double)t->run->live) * 0.020833333333333332);
	const nn_span part = nn_share(t, blocks * 3 * 2);
	for (int piece = part.from; piece < part.to; piece++)
	{
		const int n = piece / 6;
		const int j = piece / 2 % 3;
		const int k0 = piece % 2 * 2;
		{
			{
				const int i0 = 0;
					k01_conv2_sum_tile(t, y, weight, bias, output, target, dy2, n, j, k0, 2, i0, 4, u0, 1);
			}
		}
	}
}

/* k02_loss_sum  (loss)
 *
 *   sum[n] = sum{c,h,w} (output[n,c,h,w] - target[n,c,h,w]) * (output[n,c,h,w] - target[n,c,h,w])
 *   loss[n] = sum[n] * 0.0208333
 *
 *   n 8  c 4  h 4  w 3
 *   0.002 Mflop, 3.0 kB; no tile */
NN_KERNEL void k02_loss_sum(const nn_task *t,
		const nn_v output[restrict][4][4][3],
		const nn_v target[restrict][4][4][3],
		nn_v loss[restrict])
{
	const int live = t->run->live;
	const int blocks = (live + 7) / 8;
	const nn_span part = nn_share(t, blocks);
	for (int n = part.from; n < part.to; n++)
	{
		nn_v sum;
		{
			nn_v acc = nn_splat(0);
			for (int c = 0; c < 4; c++)
			for (int h = 0; h < 4; h++)
			for (int w = 0; w < 3; w++)
				acc += (output[n][c][h][w] - target[n][c][h][w]) * (output[n][c][h][w] - target[n][c][h][w]);
			sum = acc;
		}
		loss[n] = nn_first(live - 8 * n, sum * (nn_real)0.020833333333333332);
	}
}

/* k03_loss_sum2  (loss)
 *
 *   sum[0] = sum{n} loss[n]
 *   loss2[0] = sum[0] / batch
 *
 *   n 8
 *   0.000 Mflop, 0.1 kB; no tile */
NN_KERNEL void k03_loss_sum2(const nn_task *t,
		const nn_v loss[restrict],
		nn_real loss2[restrict])
{
	if (t->thread != 0)
		return;
	const int live = t->run->live;
	const int blocks = (live + 7) / 8;
	const nn_real u0 = (nn_real)(double)t->run->live;
	{
		nn_real sum;
		{
			nn_v acc = nn_splat(0);
			for (int n = 0; n < blocks; n++)
				acc += loss[n];
			sum = nn_sum(acc);
		}
		loss2[0] = sum / u0;
	}
}

/* k04_dconv2_bias  (line 6 conv)
 *
 *   dbias[k] = sum{n,i,j} dy[n,k,i,j]
 *
 *   k 4  n 8  i 4  j 3
 *   0.000 Mflop, 1.5 kB; no tile */
NN_KERNEL void k04_dconv2_bias(const nn_task *t,
		const nn_v dy[restrict][4][4][3],
		nn_real dbias[restrict])
{
	const int live = t->run->live;
	const int blocks = (live + 7) / 8;
	const nn_span part = nn_share(t, 4);
	for (int k = part.from; k < part.to; k++)
	{
		{
			nn_v acc = nn_splat(0);
			for (int n = 0; n < blocks; n++)
			for (int i = 0; i < 4; i++)
			for (int j = 0; j < 3; j++)
				acc += dy[n][k][i][j];
			dbias[k] = nn_sum(acc);
		}
	}
}

/* k05_dconv1_y  (line 6 conv)
 *
 *   dy2[n,c,2u,2v] = sum{k} dy[n,k,u,v] * weight[k,c,1,1]
 *
 *   n 8  c 3  u 4  v 3  k 4
 *   0.002 Mflop, 5.9 kB; tile: 3 c x 3 v, 9 accumulators */
NN_INLINE void k05_dconv1_y_tile(const nn_task *t,
		const nn_v dy[restrict][4][4][3],
		const nn_real weight[restrict][3][3][3],
		nn_v dy2[restrict][3][7][6],
		const int n, const int c0, const int cn, const int u, const int v0, const int vn)
{
	const int live = t->run->live;
	nn_v acc[3][3];
	NN_UNROLL for (int ct = 0; ct < 3; ct++)
	NN_UNROLL for (int vt = 0; vt < 3; vt++)
		acc[ct][vt] = nn_splat(0);
	for (int k = 0; k < 4; k++)
	{
		NN_STEP;
		NN_UNROLL for (int ct = 0; ct < cn; ct++)
		NN_UNROLL for (int vt = 0; vt < vn; vt++)
			acc[ct][vt] += dy[n][k][u][v0 + vt] * weight[k][c0 + ct][1][1];
	}
	NN_UNROLL for (int ct = 0; ct < cn; ct++)
	NN_UNROLL for (int vt = 0; vt < vn; vt++)
	{
		dy2[n][c0 + ct][2 * u][2 * (v0 + vt)] = nn_first(live - 8 * n, acc[ct][vt]);
	}
}

NN_KERNEL void k05_dconv1_y(const nn_task *t,
		const nn_v dy[restrict][4][4][3],
		const nn_real weight[restrict][3][3][3],
		nn_v dy2[restrict][3][7][6])
{
	const int live = t->run->live;
	const int blocks = (live + 7) / 8;
	const nn_span part = nn_share(t, blocks * 1 * 4);
	for (int piece = part.from; piece < part.to; piece++)
	{
		const int n = piece / 4;
		const int c0 = piece / 4 % 1 * 3;
		const int u = piece % 4;
		{
			{
				const int v0 = 0;
					k05_dconv1_y_tile(t, dy, weight, dy2, n, c0, 3, u, v0, 3);
			}
		}
	}
}

/* k06_dconv1_y  (line 6 conv)
 *
 *   dy2[n,c,2u,2v+1] = sum{k,s} dy[n,k,u,v-s+1] * weight[k,c,1,2s]
 *
 *   n 8  c 3  u 4  v 3  k 4  s 2
 *   0.004 Mflop, 5.9 kB; tile: 3 c x 3 v, 9 accumulators */
NN_INLINE void k06_dconv1_y_tile(const nn_task *t,
		const nn_v dy[restrict][4][4][3],
		const nn_real weight[restrict][3][3][3],
		nn_v dy2[restrict][3][7][6],
		const int n, const int c0, const int cn, const int u, const int v0, const int vn, const int edge)
{
	const int live = t->run->live;
	nn_v acc[3][3];
	NN_UNROLL for (int ct = 0; ct < 3; ct++)
	NN_UNROLL for (int vt = 0; vt < 3; vt++)
		acc[ct][vt] = nn_splat(0);
	for (int k = 0; k < 4; k++)
	NN_UNROLL for (int s = 0; s < 2; s++)
	{
		NN_STEP;
		NN_UNROLL for (int ct = 0; ct < cn; ct++)
		NN_UNROLL for (int vt = 0; vt < vn; vt++)
		if ((!edge || (unsigned)(v0 + vt - s + 1) < 3u))
			acc[ct][vt] += dy[n][k][u][v0 + vt - s + 1] * weight[k][c0 + ct][1][2 * s];
	}
	NN_UNROLL for (int ct = 0; ct < cn; ct++)
	NN_UNROLL for (int vt = 0; vt < vn; vt++)
	{
		dy2[n][c0 + ct][2 * u][2 * (v0 + vt) + 1] = nn_first(live - 8 * n, acc[ct][vt]);
	}
}

NN_KERNEL void k06_dconv1_y(const nn_task *t,
		const nn_v dy[restrict][4][4][3],
		const nn_real weight[restrict][3][3][3],
		nn_v dy2[restrict][3][7][6])
{
	const int live = t->run->live;
	const int blocks = (live + 7) / 8;
	const nn_span part = nn_share(t, blocks * 1 * 4);
	for (int piece = part.from; piece < part.to; piece++)
	{
		const int n = piece / 4;
		const int c0 = piece / 4 % 1 * 3;
		const int u = piece % 4;
		{
			{
				const int v0 = 0;
					k06_dconv1_y_tile(t, dy, weight, dy2, n, c0, 3, u, v0, 3, 1);
			}
		}
	}
}

/* k07_dconv1_y  (line 6 conv)
 *
 *   dy2[n,c,2u+1,2v] = sum{k,r} dy[n,k,u-r+1,v] * weight[k,c,2r,1]
 *
 *   n 8  c 3  u 3  v 3  k 4  r 2
 *   0.003 Mflop, 5.9 kB; tile: 3 c x 3 v, 9 accumulators */
NN_INLINE void k07_dconv1_y_tile(const nn_task *t,
		const nn_v dy[restrict][4][4][3],
		const nn_real weight[restrict][3][3][3],
		nn_v dy2[restrict][3][7][6],
		const int n, const int c0, const int cn, const int u, const int v0, const int vn)
{
	const int live = t->run->live;
	nn_v acc[3][3];
	NN_UNROLL for (int ct = 0; ct < 3; ct++)
	NN_UNROLL for (int vt = 0; vt < 3; vt++)
		acc[ct][vt] = nn_splat(0);
	for (int k = 0; k < 4; k++)
	for (int r = 0; r < 2; r++)
	{
		NN_STEP;
		NN_UNROLL for (int ct = 0; ct < cn; ct++)
		NN_UNROLL for (int vt = 0; vt < vn; vt++)
			acc[ct][vt] += dy[n][k][u - r + 1][v0 + vt] * weight[k][c0 + ct][2 * r][1];
	}
	NN_UNROLL for (int ct = 0; ct < cn; ct++)
	NN_UNROLL for (int vt = 0; vt < vn; vt++)
	{
		dy2[n][c0 + ct][2 * u + 1][2 * (v0 + vt)] = nn_first(live - 8 * n, acc[ct][vt]);
	}
}

NN_KERNEL void k07_dconv1_y(const nn_task *t,
		const nn_v dy[restrict][4][4][3],
		const nn_real weight[restrict][3][3][3],
		nn_v dy2[restrict][3][7][6])
{
	const int live = t->run->live;
	const int blocks = (live + 7) / 8;
	const nn_span part = nn_share(t, blocks * 1 * 3);
	for (int piece = part.from; piece < part.to; piece++)
	{
		const int n = piece / 3;
		const int c0 = piece / 3 % 1 * 3;
		const int u = piece % 3;
		{
			{
				const int v0 = 0;
					k07_dconv1_y_tile(t, dy, weight, dy2, n, c0, 3, u, v0, 3);
			}
		}
	}
}

/* k08_dconv1_y  (line 6 conv)
 *
 *   dy2[n,c,2u+1,2v+1] = sum{k,r,s} dy[n,k,u-r+1,v-s+1] * weight[k,c,2r,2s]
 *
 *   n 8  c 3  u 3  v 3  k 4  r 2  s 2
 *   0.006 Mflop, 5.9 kB; tile: 3 c x 3 v, 9 accumulators */
NN_INLINE void k08_dconv1_y_tile(const nn_task *t,
		const nn_v dy[restrict][4][4][3],
		const nn_real weight[restrict][3][3][3],
		nn_v dy2[restrict][3][7][6],
		const int n, const int c0, const int cn, const int u, const int v0, const int vn, const int edge)
{
	const int live = t->run->live;
	nn_v acc[3][3];
	NN_UNROLL for (int ct = 0; ct < 3; ct++)
	NN_UNROLL for (int vt = 0; vt < 3; vt++)
		acc[ct][vt] = nn_splat(0);
	for (int k = 0; k < 4; k++)
	for (int r = 0; r < 2; r++)
	NN_UNROLL for (int s = 0; s < 2; s++)
	{
		NN_STEP;
		NN_UNROLL for (int ct = 0; ct < cn; ct++)
		NN_UNROLL for (int vt = 0; vt < vn; vt++)
		if ((!edge || (unsigned)(v0 + vt - s + 1) < 3u))
			acc[ct][vt] += dy[n][k][u - r + 1][v0 + vt - s + 1] * weight[k][c0 + ct][2 * r][2 * s];
	}
	NN_UNROLL for (int ct = 0; ct < cn; ct++)
	NN_UNROLL for (int vt = 0; vt < vn; vt++)
	{
		dy2[n][c0 + ct][2 * u + 1][2 * (v0 + vt) + 1] = nn_first(live - 8 * n, acc[ct][vt]);
	}
}

NN_KERNEL void k08_dconv1_y(const nn_task *t,
		const nn_v dy[restrict][4][4][3],
		const nn_real weight[restrict][3][3][3],
		nn_v dy2[restrict][3][7][6])
{
	const int live = t->run->live;
	const int blocks = (live + 7) / 8;
	const nn_span part = nn_share(t, blocks * 1 * 3);
	for (int piece = part.from; piece < part.to; piece++)
	{
		const int n = piece / 3;
		const int c0 = piece / 3 % 1 * 3;
		const int u = piece % 3;
		{
			{
				const int v0 = 0;
					k08_dconv1_y_tile(t, dy, weight, dy2, n, c0, 3, u, v0, 3, 1);
			}
		}
	}
}

/* k09_dconv2_weight  (line 6 conv)
 *
 *   dweight[k,c,r,s] = sum{n,i,j} dy[n,k,i,j] * y[n,c,r+2i-1,s+2j-1]
 *
 *   k 4  c 3  r 3  s 3  n 8  i 4  j 3
 *   0.015 Mflop, 5.9 kB; tile: 3 c x 3 s, 9 accumulators */
NN_INLINE void k09_dconv2_weight_tile(const nn_task *t,
		const nn_v dy[restrict][4][4][3],
		const nn_v y[restrict][3][7][6],
		nn_v partial[restrict][3][3][3],
		const int k, const int c0, const int cn, const int r, const int s0, const int sn,
		const int n, const int row_from, const int row_to, const int first, const int edge)
{
	(void)t;
	nn_v acc[3][3];
	NN_UNROLL for (int ct = 0; ct < cn; ct++)
	NN_UNROLL for (int st = 0; st < sn; st++)
		acc[ct][st] = first ? nn_splat(0) : partial[k][c0 + ct][r][s0 + st];
	NN_UNROLL for (int ct = 0; ct < cn; ct++)
	{
		NN_AHEAD(&partial[k][c0 + ct][r][s0] + sn, sn, 0);
	}
	for (int i = nn_most(row_from, nn_lo(r - 1, 2)); i < nn_least(row_to, nn_hi(r - 1, 2, 7, 4)); i++)
	NN_UNROLL for (int j = 0; j < 3; j++)
	{
		NN_STEP;
		NN_UNROLL for (int ct = 0; ct < cn; ct++)
		NN_UNROLL for (int st = 0; st < sn; st++)
		if ((!edge || (unsigned)(s0 + st + 2 * j - 1) < 6u))
			acc[ct][st] += dy[n][k][i][j] * y[n][c0 + ct][r + 2 * i - 1][s0 + st + 2 * j - 1];
	}
	NN_UNROLL for (int ct = 0; ct < cn; ct++)
	NN_UNROLL for (int st = 0; st < sn; st++)
		partial[k][c0 + ct][r][s0 + st] = acc[ct][st];
}

NN_KERNEL void k09_dconv2_weight(const nn_task *t,
		const nn_v dy[restrict][4][4][3],
		const nn_v y[restrict][3][7][6],
		nn_real dweight[restrict][3][3][3],
		nn_v partial[restrict][3][3][3])
{
	const int live = t->run->live;
	const int blocks = (live + 7) / 8;
	const nn_span part = nn_share(t, 4);
	for (int k = part.from; k < part.to; k++)
	{
		for (int n = 0; n < blocks; n++)
		for (int row_from = 0; row_from < 4; row_from += 4)
		{
			const int row_to = nn_least(row_from + 4, 4);
			const int first = n == 0 && row_from == 0;
			{
				{
					const int c0 = 0;
					for (int r = 0; r < 3; r++)
					{
						{
							const int s0 = 0;
								k09_dconv2_weight_tile(t, dy, y, partial, k, c0, 3, r, s0, 3, n, row_from, row_to, first, 1);
						}
					}
				}
			}
		}
			nn_sum_each(&dweight[k][0][0][0], &partial[k][0][0][0], 27);
	}
}

/* k10_dconv1_bias  (line 5 conv)
 *
 *   dbias[k] = sum{n,i,j} dy[n,k,i,j]
 *
 *   k 3  n 8  i 7  j 6
 *   0.001 Mflop, 4.0 kB; no tile */
NN_KERNEL void k10_dconv1_bias(const nn_task *t,
		const nn_v dy[restrict][3][7][6],
		nn_real dbias[restrict])
{
	const int live = t->run->live;
	const int blocks = (live + 7) / 8;
	const nn_span part = nn_share(t, 3);
	for (int k = part.from; k < part.to; k++)
	{
		{
			nn_v acc = nn_splat(0);
			for (int n = 0; n < blocks; n++)
			for (int i = 0; i < 7; i++)
			for (int j = 0; j < 6; j++)
				acc += dy[n][k][i][j];
			dbias[k] = nn_sum(acc);
		}
	}
}

/* k11_dconv1_weight  (line 5 conv)
 *
 *   dweight[k,c,0,0] = sum{n,i,j} dy[n,k,i,j] * x[n,c,i,j]
 *
 *   k 3  c 2  n 8  i 7  j 6
 *   0.004 Mflop, 6.6 kB; tile: 2 k x 2 c, 4 accumulators */
NN_INLINE void k11_dconv1_weight_tile(const nn_task *t,
		const nn_v dy[restrict][3][7][6],
		const nn_v x[restrict][2][7][6],
		nn_v partial[restrict][2][1][1],
		const int k0, const int kn, const int c0, const int cn,
		const int n, const int row_from, const int row_to, const int first)
{
	(void)t;
	nn_v acc[2][2];
	NN_UNROLL for (int kt = 0; kt < kn; kt++)
	NN_UNROLL for (int ct = 0; ct < cn; ct++)
		acc[kt][ct] = first ? nn_splat(0) : partial[k0 + kt][c0 + ct][0][0];
	NN_UNROLL for (int kt = 0; kt < kn; kt++)
	{
		NN_AHEAD(&partial[k0 + kt][c0][0][0] + cn, cn, 0);
	}
	for (int i = row_from; i < row_to; i++)
	for (int j = 0; j < 6; j++)
	{
		NN_STEP;
		NN_UNROLL for (int kt = 0; kt < kn; kt++)
		NN_UNROLL for (int ct = 0; ct < cn; ct++)
			acc[kt][ct] += dy[n][k0 + kt][i][j] * x[n][c0 + ct][i][j];
	}
	NN_UNROLL for (int kt = 0; kt < kn; kt++)
	NN_UNROLL for (int ct = 0; ct < cn; ct++)
		partial[k0 + kt][c0 + ct][0][0] = acc[kt][ct];
}

NN_KERNEL void k11_dconv1_weight(const nn_task *t,
		const nn_v dy[restrict][3][7][6],
		const nn_v x[restrict][2][7][6],
		nn_real dweight[restrict][2][1][1],
		nn_v partial[restrict][2][1][1])
{
	const int live = t->run->live;
	const int blocks = (live + 7) / 8;
	const nn_span part = nn_share(t, 2);
	for (int piece = part.from; piece < part.to; piece++)
	{
		const int k0 = piece * 2;
		if (k0 < 2)
		{
			{
				for (int n = 0; n < blocks; n++)
				for (int row_from = 0; row_from < 7; row_from += 7)
				{
					const int row_to = nn_least(row_from + 7, 7);
					const int first = n == 0 && row_from == 0;
					{
						{
							const int c0 = 0;
								k11_dconv1_weight_tile(t, dy, x, partial, k0, 2, c0, 2, n, row_from, row_to, first);
						}
					}
				}
				for (int kt = 0; kt < 2; kt++)
					nn_sum_each(&dweight[k0 + kt][0][0][0], &partial[k0 + kt][0][0][0], 2);
			}
		}
		else
		{
			{
				for (int n = 0; n < blocks; n++)
				for (int row_from = 0; row_from < 7; row_from += 7)
				{
					const int row_to = nn_least(row_from + 7, 7);
					const int first = n == 0 && row_from == 0;
					{
						{
							const int c0 = 0;
								k11_dconv1_weight_tile(t, dy, x, partial, k0, 1, c0, 2, n, row_from, row_to, first);
						}
					}
				}
				for (int kt = 0; kt < 1; kt++)
					nn_sum_each(&dweight[k0 + kt][0][0][0], &partial[k0 + kt][0][0][0], 2);
			}
		}
	}
}

/* k12_conv1_weight_d  (optimizer)
 *
 *   d[k,c,0,0] = dweight[k,c,0,0]
 *   momentum_buffer[k,c,0,0] = d[k,c,0,0]
 *   weight[k,c,0,0] := weight[k,c,0,0] - hyper0 * momentum_buffer[k,c,0,0]
 *
 *   k 3  c 2
 *   0.000 Mflop, 0.1 kB; one row of vectors */
NN_KERNEL void k12_conv1_weight_d(const nn_task *t,
		const nn_v dweight[restrict],
		nn_v weight[restrict])
{
	const nn_real u0 = (nn_real)t->run->hyper[0];
	const nn_span part = nn_share(t, 1);
	for (int e = part.from; e < part.to; e++)
	{
		const nn_v d = dweight[e];
		const nn_v momentum_buffer = d;
		weight[e] = weight[e] - u0 * momentum_buffer;
	}
}

/* k13_conv1_bias_d  (optimizer)
 *
 *   d[k] = dbias[k]
 *   momentum_buffer[k] = d[k]
 *   bias[k] := bias[k] - hyper0 * momentum_buffer[k]
 *
 *   k 3
 *   0.000 Mflop, 0.1 kB; one row of vectors */
NN_KERNEL void k13_conv1_bias_d(const nn_task *t,
		const nn_v dbias[restrict],
		nn_v bias[restrict])
{
	const nn_real u0 = (nn_real)t->run->hyper[0];
	const nn_span part = nn_share(t, 1);
	for (int e = part.from; e < part.to; e++)
	{
		const nn_v d = dbias[e];
		const nn_v momentum_buffer = d;
		bias[e] = bias[e] - u0 * momentum_buffer;
	}
}

/* k14_conv2_weight_d  (optimizer)
 *
 *   d[k,c,r,s] = dweight[k,c,r,s]
 *   momentum_buffer[k,c,r,s] = d[k,c,r,s]
 *   weight[k,c,r,s] := weight[k,c,r,s] - hyper0 * momentum_buffer[k,c,r,s]
 *
 *   k 4  c 3  r 3  s 3
 *   0.000 Mflop, 0.9 kB; one row of vectors */
NN_KERNEL void k14_conv2_weight_d(const nn_task *t,
		const nn_v dweight[restrict],
		nn_v weight[restrict])
{
	const nn_real u0 = (nn_real)t->run->hyper[0];
	const nn_span part = nn_share(t, 14);
	for (int e = part.from; e < part.to; e++)
	{
		const nn_v d = dweight[e];
		const nn_v momentum_buffer = d;
		weight[e] = weight[e] - u0 * momentum_buffer;
	}
}

/* k15_conv2_bias_d  (optimizer)
 *
 *   d[k] = dbias[k]
 *   momentum_buffer[k] = d[k]
 *   bias[k] := bias[k] - hyper0 * momentum_buffer[k]
 *
 *   k 4
 *   0.000 Mflop, 0.1 kB; one row of vectors */
NN_KERNEL void k15_conv2_bias_d(const nn_task *t,
		const nn_v dbias[restrict],
		nn_v bias[restrict])
{
	const nn_real u0 = (nn_real)t->run->hyper[0];
	const nn_span part = nn_share(t, 1);
	for (int e = part.from; e < part.to; e++)
	{
		const nn_v d = dbias[e];
		const nn_v momentum_buffer = d;
		bias[e] = bias[e] - u0 * momentum_buffer;
	}
}

/* k16_eval_conv1_sum  (line 5 conv)
 *
 *   sum[n,k,ij] = sum{c} x[n,c,ij] * weight[k,c,0,0]
 *   y[n,k,ij] = bias[k] + sum[n,k,ij]
 *
 *   n 8  k 3  ij 42  c 2
 *   0.005 Mflop, 6.6 kB; tile: 3 k x 3 ij, 9 accumulators */
NN_INLINE void k16_eval_conv1_sum_tile(const nn_task *t,
		const nn_v x[restrict][2][42],
		const nn_real weight[restrict][2][1][1],
		const nn_real bias[restrict],
		nn_v y[restrict][3][42],
		const int n, const int k0, const int kn, const int ij0, const int ijn)
{
	(void)t;
	nn_v acc[3][3];
	NN_UNROLL for (int kt = 0; kt < 3; kt++)
	NN_UNROLL for (int ijt = 0; ijt < 3; ijt++)
		acc[kt][ijt] = nn_splat(0);
	for (int c = 0; c < 2; c++)
	{
		NN_STEP;
		NN_UNROLL for (int kt = 0; kt < kn; kt++)
		NN_UNROLL for (int ijt = 0; ijt < ijn; ijt++)
			acc[kt][ijt] += x[n][c][ij0 + ijt] * weight[k0 + kt][c][0][0];
	}
	NN_UNROLL for (int kt = 0; kt < kn; kt++)
	NN_UNROLL for (int ijt = 0; ijt < ijn; ijt++)
	{
		const nn_v sum = acc[kt][ijt];
		y[n][k0 + kt][ij0 + ijt] = bias[k0 + kt] + sum;
	}
}

NN_KERNEL void k16_eval_conv1_sum(const nn_task *t,
		const nn_v x[restrict][2][42],
		const nn_real weight[restrict][2][1][1],
		const nn_real bias[restrict],
		nn_v y[restrict][3][42])
{
	const int live = t->run->live;
	const int blocks = (live + 7) / 8;
	const nn_span part = nn_share(t, blocks * 1 * 14);
	for (int piece = part.from; piece < part.to; piece++)
	{
		const int n = piece / 14;
		const int k0 = piece / 14 % 1 * 3;
		const int ij0 = piece % 14 * 3;
			k16_eval_conv1_sum_tile(t, x, weight, bias, y, n, k0, 3, ij0, 3);
	}
}

/* k17_eval_conv2_sum  (line 6 conv, line 6 relu)
 *
 *   sum[n,k,i,j] = sum{c,r,s} y[n,c,2i+r-1,2j+s-1] * weight[k,c,r,s]
 *   y2[n,k,i,j] = bias[k] + sum[n,k,i,j]
 *   output[n,k,i,j] = max(0, y2[n,k,i,j])
 *
 *   n 8  k 4  i 4  j 3  c 3  r 3  s 3
 *   0.016 Mflop, 5.9 kB; tile: 2 k x 4 i, 8 accumulators */
NN_INLINE void k17_eval_conv2_sum_tile(const nn_task *t,
		const nn_v y[restrict][3][7][6],
		const nn_real weight[restrict][3][3][3],
		const nn_real bias[restrict],
		nn_v output[restrict][4][4][3],
		const int n, const int j, const int k0, const int kn, const int i0, const int in, const int edge)
{
	(void)t;
	nn_v acc[2][4];
	NN_UNROLL for (int kt = 0; kt < 2; kt++)
	NN_UNROLL for (int it = 0; it < 4; it++)
		acc[kt][it] = nn_splat(0);
	for (int c = 0; c < 3; c++)
	NN_UNROLL for (int r = 0; r < 3; r++)
	for (int s = nn_lo(2 * j - 1, 1); s < nn_hi(2 * j - 1, 1, 6, 3); s++)
	{
		NN_STEP;
		NN_UNROLL for (int it = 0; it < in; it++)
		NN_UNROLL for (int kt = 0; kt < kn; kt++)
		if ((!edge || (unsigned)(2 * (i0 + it) + r - 1) < 7u))
			acc[kt][it] += y[n][c][2 * (i0 + it) + r - 1][2 * j + s - 1] * weight[k0 + kt][c][r][s];
	}
	NN_UNROLL for (int kt = 0; kt < kn; kt++)
	NN_UNROLL for (int it = 0; it < in; it++)
	{
		const nn_v sum = acc[kt][it];
		const nn_v y2 = bias[k0 + kt] + sum;
		output[n][k0 + kt][i0 + it][j] = nn_max(nn_splat(0), y2);
	}
}

NN_KERNEL void k17_eval_conv2_sum(const nn_task *t,
		const nn_v y[restrict][3][7][6],
		const nn_real weight[restrict][3][3][3],
		const nn_real bias[restrict],
		nn_v output[restrict][4][4][3])
{
	const int live = t->run->live;
	const int blocks = (live + 7) / 8;
	const nn_span part = nn_share(t, blocks * 3 * 2);
	for (int piece = part.from; piece < part.to; piece++)
	{
		const int n = piece / 6;
		const int j = piece / 2 % 3;
		const int k0 = piece % 2 * 2;
		{
			{
				const int i0 = 0;
					k17_eval_conv2_sum_tile(t, y, weight, bias, output, n, j, k0, 2, i0, 4, 1);
			}
		}
	}
}

/* k18_eval_sum  (loss)
 *
 *   sum[n] = sum{c,h,w} (output[n,c,h,w] - target[n,c,h,w]) * (output[n,c,h,w] - target[n,c,h,w])
 *   loss[n] = sum[n] * 0.0208333
 *
 *   n 8  c 4  h 4  w 3
 *   0.002 Mflop, 3.0 kB; no tile */
NN_KERNEL void k18_eval_sum(const nn_task *t,
		const nn_v output[restrict][4][4][3],
		const nn_v target[restrict][4][4][3],
		nn_v loss[restrict])
{
	const int live = t->run->live;
	const int blocks = (live + 7) / 8;
	const nn_span part = nn_share(t, blocks);
	for (int n = part.from; n < part.to; n++)
	{
		nn_v sum;
		{
			nn_v acc = nn_splat(0);
			for (int c = 0; c < 4; c++)
			for (int h = 0; h < 4; h++)
			for (int w = 0; w < 3; w++)
				acc += (output[n][c][h][w] - target[n][c][h][w]) * (output[n][c][h][w] - target[n][c][h][w]);
			sum = acc;
		}
		loss[n] = nn_first(live - 8 * n, sum * (nn_real)0.020833333333333332);
	}
}

/* k19_eval_sum2  (loss)
 *
 *   sum[0] = sum{n} loss[n]
 *   loss2[0] = sum[0] / batch
 *
 *   n 8
 *   0.000 Mflop, 0.1 kB; no tile */
NN_KERNEL void k19_eval_sum2(const nn_task *t,
		const nn_v loss[restrict],
		nn_real loss2[restrict])
{
	if (t->thread != 0)
		return;
	const int live = t->run->live;
	const int blocks = (live + 7) / 8;
	const nn_real u0 = (nn_real)(double)t->run->live;
	{
		nn_real sum;
		{
			nn_v acc = nn_splat(0);
			for (int n = 0; n < blocks; n++)
				acc += loss[n];
			sum = nn_sum(acc);
		}
		loss2[0] = sum / u0;
	}
}

