/* k00_conv1_y  (line 5 conv)
 *
 *   y[n,k,i,j] = bias[k] + x[n,0,i,j] * weight[k,0,0,0]
 *
 *   n 16  k 2  i 7  j 7
 *   0.003 Mflop, 9.2 kB; no tile */
NN_KERNEL void k00_conv1_y(const nn_task *t,
		const nn_real bias[restrict],
		const nn_v x[restrict][1][7][7],
		const nn_real weight[restrict][1][1][1],
		nn_v y[restrict][2][7][7])
{
	const int live = t->run->live;
	const int blocks = (live + 7) / 8;
	const nn_span part = nn_share(t, blocks);
	for (int n = part.from; n < part.to; n++)
	for (int k = 0; k < 2; k++)
	for (int i = 0; i < 7; i++)
	for (int j = 0; j < 7; j++)
	{
		y[n][k][i][j] = bias[k] + x[n][0][i][j] * weight[k][0][0][0];
	}
}

/* k01_max_pool1_y  (line 6 max_pool)
 *
 *   output[n,c,i,j] = max{r,s} y[n,c,2i+r,2j+s]
 *   dy[n,c,i,j] = 1 / batch * 0.0555556 * (output[n,c,i,j] - target[n,c,i,j]) + 1 / batch * 0.0555556 * (output[n,c,i,j] - target[n,c,i,j])
 *
 *   n 16  c 2  i 3  j 3  r 3  s 3
 *   0.005 Mflop, 9.8 kB; no tile */
NN_KERNEL void k01_max_pool1_y(const nn_task *t,
		const nn_v y[restrict][2][7][7],
		nn_v output[restrict][2][3][3],
		nn_b argmax[restrict][2][3][3],
		const nn_v target[restrict][2][3][3],
		nn_v dy[restrict][2][3][3])
{
	const int live = t->run->live;
	const int blocks = (live + 7) / 8;
	const nn_real u0 = (nn_real)((1 / (double)t->run->live) * 0.055555555555555552);
	const nn_span part = nn_share(t, blocks);
	for (int n = part.from; n < part.to; n++)
	for (int c = 0; c < 2; c++)
	for (int i = 0; i < 3; i++)
	for (int j = 0; j < 3; j++)
	{
		{
			nn_v acc = nn_splat(-INFINITY);
			nn_v at = nn_splat(0);
			for (int r = 0; r < 3; r++)
			for (int s = 0; s < 3; s++)
			{
				const nn_v v = y[n][c][2 * i + r][2 * j + s];
				at = nn_ifabove(v, acc, nn_splat((nn_real)(3 * r + s)), at);
				acc = nn_ifabove(v, acc, v, acc);
			}
			output[n][c][i][j] = acc;
			argmax[n][c][i][j] = nn_bstore(at);
		}
		dy[n][c][i][j] = u0 * (output[n][c][i][j] - target[n][c][i][j]) + u0 * (output[n][c][i][j] - target[n][c][i][j]);
	}
}

/* k02_loss_sum  (loss)
 *
 *   sum[n] = sum{c,h,w} (output[n,c,h,w] - target[n,c,h,w]) * (output[n,c,h,w] - target[n,c,h,w])
 *   loss[n] = sum[n] * 0.0555556
 *
 *   n 16  c 2  h 3  w 3
 *   0.001 Mflop, 2.3 kB; no tile */
NN_KERNEL void k02_loss_sum(const nn_task *t,
		const nn_v output[restrict][2][3][3],
		const nn_v target[restrict][2][3][3],
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
			for (int c = 0; c < 2; c++)
			for (int h = 0; h < 3; h++)
			for (int w = 0; w < 3; w++)
				acc += (output[n][c][h][w] - target[n][c][h][w]) * (output[n][c][h][w] - target[n][c][h][w]);
			sum = acc;
		}
		loss[n] = nn_first(live - 8 * n, sum * (nn_real)0.055555555555555552);
	}
}

/* k03_loss_sum2  (loss)
 *
 *   sum[0] = sum{n} loss[n]
 *   loss2[0] = sum[0] / batch
 *
 *   n 16
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

/* k04_dconv1_y  (line 6 max_pool)
 *
 *   dy2[n,c,2u,2v] = sum{r,s} ifeq(argmax[n,c,u-r,v-s], (6r+2s), dy[n,c,u-r,v-s], 0)
 *
 *   n 16  c 2  u 4  v 4  r 2  s 2
 *   0.004 Mflop, 7.5 kB; no tile */
NN_KERNEL void k04_dconv1_y(const nn_task *t,
		const nn_b argmax[restrict][2][3][3],
		const nn_v dy[restrict][2][3][3],
		nn_v dy2[restrict][2][7][7])
{
	const int live = t->run->live;
	const int blocks = (live + 7) / 8;
	const nn_span part = nn_share(t, blocks);
	for (int n = part.from; n < part.to; n++)
	for (int c = 0; c < 2; c++)
	for (int u = 0; u < 4; u++)
	for (int v = 0; v < 4; v++)
	{
		{
			nn_v acc = nn_splat(0);
			for (int r = 0; r < 2; r++)
			for (int s = 0; s < 2; s++)
				acc += nn_ifeq(((unsigned)(u - r) < 3u && (unsigned)(v - s) < 3u ? nn_bload(argmax[n][c][u - r][v - s]) : nn_splat(0)), nn_splat((nn_real)(6 * r + 2 * s)), ((unsigned)(u - r) < 3u && (unsigned)(v - s) < 3u ? dy[n][c][u - r][v - s] : nn_splat(0)), nn_splat(0));
			dy2[n][c][2 * u][2 * v] = nn_first(live - 8 * n, acc);
		}
	}
}

/* k05_dconv1_y  (line 6 max_pool)
 *
 *   dy2[n,c,2u,2v+1] = sum{r} ifeq(argmax[n,c,u-r,v], (6r+1), dy[n,c,u-r,v], 0)
 *
 *   n 16  c 2  u 4  v 3  r 2
 *   0.002 Mflop, 7.5 kB; no tile */
NN_KERNEL void k05_dconv1_y(const nn_task *t,
		const nn_b argmax[restrict][2][3][3],
		const nn_v dy[restrict][2][3][3],
		nn_v dy2[restrict][2][7][7])
{
	const int live = t->run->live;
	const int blocks = (live + 7) / 8;
	const nn_span part = nn_share(t, blocks);
	for (int n = part.from; n < part.to; n++)
	for (int c = 0; c < 2; c++)
	for (int u = 0; u < 4; u++)
	for (int v = 0; v < 3; v++)
	{
		{
			nn_v acc = nn_splat(0);
			for (int r = 0; r < 2; r++)
				acc += nn_ifeq(((unsigned)(u - r) < 3u ? nn_bload(argmax[n][c][u - r][v]) : nn_splat(0)), nn_splat((nn_real)(6 * r + 1)), ((unsigned)(u - r) < 3u ? dy[n][c][u - r][v] : nn_splat(0)), nn_splat(0));
			dy2[n][c][2 * u][2 * v + 1] = nn_first(live - 8 * n, acc);
		}
	}
}

/* k06_dconv1_y  (line 6 max_pool)
 *
 *   dy2[n,c,2u+1,2v] = sum{s} ifeq(argmax[n,c,u,v-s], (2s+3), dy[n,c,u,v-s], 0)
 *
 *   n 16  c 2  u 3  v 4  s 2
 *   0.002 Mflop, 7.5 kB; no tile */
NN_KERNEL void k06_dconv1_y(const nn_task *t,
		const nn_b argmax[restrict][2][3][3],
		const nn_v dy[restrict][2][3][3],
		nn_v dy2[restrict][2][7][7])
{
	const int live = t->run->live;
	const int blocks = (live + 7) / 8;
	const nn_span part = nn_share(t, blocks);
	for (int n = part.from; n < part.to; n++)
	for (int c = 0; c < 2; c++)
	for (int u = 0; u < 3; u++)
	for (int v = 0; v < 4; v++)
	{
		{
			nn_v acc = nn_splat(0);
			for (int s = 0; s < 2; s++)
				acc += nn_ifeq(((unsigned)(v - s) < 3u ? nn_bload(argmax[n][c][u][v - s]) : nn_splat(0)), nn_splat((nn_real)(2 * s + 3)), ((unsigned)(v - s) < 3u ? dy[n][c][u][v - s] : nn_splat(0)), nn_splat(0));
			dy2[n][c][2 * u + 1][2 * v] = nn_first(live - 8 * n, acc);
		}
	}
}

/* k07_dconv1_y  (line 6 max_pool)
 *
 *   dy2[n,c,2u+1,2v+1] = ifeq(argmax[n,c,u,v], 4, dy[n,c,u,v], 0)
 *
 *   n 16  c 2  u 3  v 3
 *   0.000 Mflop, 7.5 kB; no tile */
NN_KERNEL void k07_dconv1_y(const nn_task *t,
		const nn_b argmax[restrict][2][3][3],
		const nn_v dy[restrict][2][3][3],
		nn_v dy2[restrict][2][7][7])
{
	const int live = t->run->live;
	const int blocks = (live + 7) / 8;
	const nn_span part = nn_share(t, blocks);
	for (int n = part.from; n < part.to; n++)
	for (int c = 0; c < 2; c++)
	for (int u = 0; u < 3; u++)
	for (int v = 0; v < 3; v++)
	{
		dy2[n][c][2 * u + 1][2 * v + 1] = nn_first(live - 8 * n, nn_ifeq(nn_bload(argmax[n][c][u][v]), nn_splat(4), dy[n][c][u][v], nn_splat(0)));
	}
}

/* k08_dconv1_bias  (line 5 conv)
 *
 *   dbias[k] = sum{n,i,j} dy[n,k,i,j]
 *
 *   k 2  n 16  i 7  j 7
 *   0.002 Mflop, 6.2 kB; no tile */
NN_KERNEL void k08_dconv1_bias(const nn_task *t,
		const nn_v dy[restrict][2][7][7],
		nn_real dbias[restrict])
{
	const int live = t->run->live;
	const int blocks = (live + 7) / 8;
	const nn_span part = nn_share(t, 2);
	for (int k = part.from; k < part.to; k++)
	{
		{
			nn_v acc = nn_splat(0);
			for (int n = 0; n < blocks; n++)
			for (int i = 0; i < 7; i++)
			{
				nn_v row = nn_splat(0);
				for (int j = 0; j < 7; j++)
					row += dy[n][k][i][j];
				acc += row;
			}
			dbias[k] = nn_sum(acc);
		}
	}
}

/* k09_dconv1_weight  (line 5 conv)
 *
 *   dweight[k,0,0,0] = sum{n,i,j} dy[n,k,i,j] * x[n,0,i,j]
 *
 *   k 2  n 16  i 7  j 7
 *   0.003 Mflop, 9.2 kB; no tile */
NN_KERNEL void k09_dconv1_weight(const nn_task *t,
		const nn_v dy[restrict][2][7][7],
		const nn_v x[restrict][1][7][7],
		nn_real dweight[restrict][1][1][1])
{
	const int live = t->run->live;
	const int blocks = (live + 7) / 8;
	const nn_span part = nn_share(t, 2);
	for (int k = part.from; k < part.to; k++)
	{
		{
			nn_v acc = nn_splat(0);
			for (int n = 0; n < blocks; n++)
			for (int i = 0; i < 7; i++)
			for (int j = 0; j < 7; j++)
				acc += dy[n][k][i][j] * x[n][0][i][j];
			dweight[k][0][0][0] = nn_sum(acc);
		}
	}
}

/* k10_conv1_weight_d  (optimizer)
 *
 *   d[k,0,0,0] = dweight[k,0,0,0]
 *   momentum_buffer[k,0,0,0] = d[k,0,0,0]
 *   weight[k,0,0,0] := weight[k,0,0,0] - hyper0 * momentum_buffer[k,0,0,0]
 *
 *   k 2
 *   0.000 Mflop, 0.1 kB; one row of vectors */
NN_KERNEL void k10_conv1_weight_d(const nn_task *t,
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

/* k11_conv1_bias_d  (optimizer)
 *
 *   d[k] = dbias[k]
 *   momentum_buffer[k] = d[k]
 *   bias[k] := bias[k] - hyper0 * momentum_buffer[k]
 *
 *   k 2
 *   0.000 Mflop, 0.1 kB; one row of vectors */
NN_KERNEL void k11_conv1_bias_d(const nn_task *t,
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

/* k12_eval_conv1_y  (line 5 conv)
 *
 *   y[n,k,i,j] = bias[k] + x[n,0,i,j] * weight[k,0,0,0]
 *
 *   n 16  k 2  i 7  j 7
 *   0.003 Mflop, 9.2 kB; no tile */
NN_KERNEL void k12_eval_conv1_y(const nn_task *t,
		const nn_real bias[restrict],
		const nn_v x[restrict][1][7][7],
		const nn_real weight[restrict][1][1][1],
		nn_v y[restrict][2][7][7])
{
	const int live = t->run->live;
	const int blocks = (live + 7) / 8;
	const nn_span part = nn_share(t, blocks);
	for (int n = part.from; n < part.to; n++)
	for (int k = 0; k < 2; k++)
	for (int i = 0; i < 7; i++)
	for (int j = 0; j < 7; j++)
	{
		y[n][k][i][j] = bias[k] + x[n][0][i][j] * weight[k][0][0][0];
	}
}

/* k13_max_pool1_y  (line 6 max_pool)
 *
 *   output[n,c,i,j] = max{r,s} y[n,c,2i+r,2j+s]
 *
 *   n 16  c 2  i 3  j 3  r 3  s 3
 *   0.003 Mflop, 7.2 kB; no tile */
NN_KERNEL void k13_max_pool1_y(const nn_task *t,
		const nn_v y[restrict][2][7][7],
		nn_v output[restrict][2][3][3])
{
	const int live = t->run->live;
	const int blocks = (live + 7) / 8;
	const nn_span part = nn_share(t, blocks);
	for (int n = part.from; n < part.to; n++)
	for (int c = 0; c < 2; c++)
	for (int i = 0; i < 3; i++)
	for (int j = 0; j < 3; j++)
	{
		{
			nn_v acc = nn_splat(-INFINITY);
			for (int r = 0; r < 3; r++)
			for (int s = 0; s < 3; s++)
			{
				const nn_v v = y[n][c][2 * i + r][2 * j + s];
				acc = nn_ifabove(v, acc, v, acc);
			}
			output[n][c][i][j] = acc;
		}
	}
}

/* k14_eval_sum  (loss)
 *
 *   sum[n] = sum{c,h,w} (output[n,c,h,w] - target[n,c,h,w]) * (output[n,c,h,w] - target[n,c,h,w])
 *   loss[n] = sum[n] * 0.0555556
 *
 *   n 16  c 2  h 3  w 3
 *   0.001 Mflop, 2.3 kB; no tile */
NN_KERNEL void k14_eval_sum(const nn_task *t,
		const nn_v output[restrict][2][3][3],
		const nn_v target[restrict][2][3][3],
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
			for (int c = 0; c < 2; c++)
			for (int h = 0; h < 3; h++)
			for (int w = 0; w < 3; w++)
				acc += (output[n][c][h][w] - target[n][c][h][w]) * (output[n][c][h][w] - target[n][c][h][w]);
			sum = acc;
		}
		loss[n] = nn_first(live - 8 * n, sum * (nn_real)0.055555555555555552);
	}
}

/* k15_eval_sum2  (loss)
 *
 *   sum[0] = sum{n} loss[n]
 *   loss2[0] = sum[0] / batch
 *
 *   n 16
 *   0.000 Mflop, 0.1 kB; no tile */
NN_KERNEL void k15_eval_sum2(const nn_task *t,
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

