/* k00_conv1_sum  (line 4 conv, line 4 relu)
 *
 *   sum[n,k,i,j] = sum{c,r,s} x[n,c,i+r-1,j+s-1] * weight[k,c,r,s]
 *   y[n,k,i,j] = bias[k] + sum[n,k,i,j]
 *   y2[n,k,i,j] = max(0, y[n,k,i,j])
 *
 *   n 4  k 32  i 12  j 11  c 3  r 3  s 3
 *   0.843 Mflop, 75.7 kB; tile: 11 j, 11 accumulators */
NN_INLINE void k00_conv1_sum_tile(const nn_task *t,
		const nn_real x[restrict][3][12][11],
		const nn_v weight[restrict][3][3][3],
		const nn_v bias[restrict],
		nn_v y2[restrict][4][12][11],
		const int n, const int i, const int k, const int j0, const int jn, const int edge)
{
	(void)t;
	nn_v acc[11];
	NN_UNROLL for (int jt = 0; jt < 11; jt++)
		acc[jt] = nn_splat(0);
	for (int c = 0; c < 3; c++)
	for (int r = nn_lo(i - 1, 1); r < nn_hi(i - 1, 1, 12, 3); r++)
	NN_UNROLL for (int s = 0; s < 3; s++)
	{
		NN_STEP;
		NN_UNROLL for (int jt = 0; jt < jn; jt++)
		if ((!edge || (unsigned)(j0 + jt + s - 1) < 11u))
			acc[jt] += x[n][c][i + r - 1][j0 + jt + s - 1] * weight[k][c][r][s];
	}
	NN_UNROLL for (int jt = 0; jt < jn; jt++)
	{
		const nn_v sum = acc[jt];
		const nn_v y = bias[k] + sum;
		y2[n][k][i][j0 + jt] = nn_max(nn_splat(0), y);
	}
}

NN_KERNEL void k00_conv1_sum(const nn_task *t,
		const nn_real x[restrict][3][12][11],
		const nn_v weight[restrict][3][3][3],
		const nn_v bias[restrict],
		nn_v y2[restrict][4][12][11])
{
	const int live = t->run->live;
	const nn_span part = nn_share(t, live);
	for (int n = part.from; n < part.to; n++)
	for (int i = 0; i < 12; i++)
	for (int k = 0; k < 4; k++)
	{
		{
			const int j0 = 0;
				k00_conv1_sum_tile(t, x, weight, bias, y2, n, i, k, j0, 11, 1);
		}
	}
}

/* k01_conv2_sum_U  (line 5 conv)
 *
 *   U[p,q,k,c] = sum{a,b} G[p,a] * G[q,b] * weight[k,c,a,b]
 *
 *   k 32  c 32  p 6  q 6  a 3  b 3
 *   0.000 Mflop, 184.5 kB; no tile */
NN_KERNEL void k01_conv2_sum_U(const nn_task *t,
		const nn_v weight[restrict][32][3][3],
		nn_v U[restrict][6][4][33])
{
	const nn_span part = nn_share(t, 4 * 32);
	for (int piece = part.from; piece < part.to; piece++)
	{
		const int k = piece / 32;
		const int c = piece % 32;
		{
			{
				nn_v h[6][3], o[6][6];
				NN_UNROLL for (int b = 0; b < 3; b++)
				{
					nn_v d[3];
					NN_UNROLL for (int a = 0; a < 3; a++)
						d[a] = weight[k][c][a][b];
					h[0][b] = (nn_real)0.25 * d[0];
					const nn_v even1 = -(nn_real)0.16666666666666666 * d[0] - (nn_real)0.16666666666666666 * d[2], odd1 = d[1];
					h[1][b] = even1 - (nn_real)0.16666666666666666 * odd1;
					h[2][b] = even1 + (nn_real)0.16666666666666666 * odd1;
					const nn_v even3 = (nn_real)0.041666666666666664 * d[0] + (nn_real)0.16666666666666666 * d[2], odd3 = d[1];
					h[3][b] = even3 + (nn_real)0.083333333333333329 * odd3;
					h[4][b] = even3 - (nn_real)0.083333333333333329 * odd3;
					h[5][b] = d[2];
				}
				NN_UNROLL for (int p = 0; p < 6; p++)
				{
					o[p][0] = (nn_real)0.25 * h[p][0];
					const nn_v even1 = -(nn_real)0.16666666666666666 * h[p][0] - (nn_real)0.16666666666666666 * h[p][2], odd1 = h[p][1];
					o[p][1] = even1 - (nn_real)0.16666666666666666 * odd1;
					o[p][2] = even1 + (nn_real)0.16666666666666666 * odd1;
					const nn_v even3 = (nn_real)0.041666666666666664 * h[p][0] + (nn_real)0.16666666666666666 * h[p][2], odd3 = h[p][1];
					o[p][3] = even3 + (nn_real)0.083333333333333329 * odd3;
					o[p][4] = even3 - (nn_real)0.083333333333333329 * odd3;
					o[p][5] = h[p][2];
				}
				NN_UNROLL for (int p = 0; p < 6; p++)
				NN_UNROLL for (int q = 0; q < 6; q++)
					U[p][q][k][c] = o[p][q];
			}
		}
	}
}

/* k02_conv2_sum_V  (line 5 conv)
 *
 *   V[n,band,p,q,c,3u+v] = sum{a,b} B[p,a] * B[q,b] * y[n,c,12band+4u+a-1,4v+b-1]
 *   M[n,band,p,q,k,z] = sum{c} V[n,band,p,q,c,z] * U[p,q,k,c]
 *   sum[n,k,12band+4u+a,4v+b] = sum{p,q} A[a,p] * A[b,q] * M[n,band,p,q,k,3u+v]
 *
 *   n 4  band 1  c 32  u 3  v 3  p 6  q 6  a 6  b 6  k 32  z 9  a 4  b 4
 *   8.634 Mflop, 280.5 kB; no tile */
static void k02_conv2_sum_V_1(const nn_task *t,
		const nn_v y[restrict][4][12][11],
		nn_v V[restrict][6][4][9],
		 const int n, const int band)
{
	(void)t;
	(void)n;
	(void)band;
	for (int c = 0; c < 4; c++)
	for (int u = 0; u < 3; u++)
	for (int v = 0; v < 3; v++)
	{
		{
			nn_v h[6][6], o[6][6];
			NN_UNROLL for (int a = 6; a < 10; a++)
				NN_AHEAD(&y[n][c][0][0] + 11 * (12 * band + 4 * u + a - 1) + 4 * v, 4, 0);
			if ((unsigned)(12 * band + 4 * u - 1) < 12u && (unsigned)(4 * v - 1) < 11u && (unsigned)(12 * band + 4 * u + 4) < 12u && (unsigned)(4 * v + 4) < 11u)
			{
				NN_UNROLL for (int b = 0; b < 6; b++)
				{
					nn_v d[6];
					NN_UNROLL for (int a = 0; a < 6; a++)
						d[a] = y[n][c][12 * band + 4 * u + a - 1][4 * v + b - 1];
					h[0][b] = 4 * d[0] - 5 * d[2] + d[4];
					const nn_v even1 = -4 * d[2] + d[4], odd1 = -4 * d[1] + d[3];
					h[1][b] = even1 + odd1;
					h[2][b] = even1 - odd1;
					const nn_v even3 = -d[2] + d[4], odd3 = d[1] - d[3];
					h[3][b] = even3 - 2 * odd3;
					h[4][b] = even3 + 2 * odd3;
					h[5][b] = 4 * d[1] - 5 * d[3] + d[5];
				}
			}
			else
			{
				NN_UNROLL for (int b = 0; b < 6; b++)
				{
					nn_v d[6];
					NN_UNROLL for (int a = 0; a < 6; a++)
						d[a] = ((unsigned)(12 * band + 4 * u + a - 1) < 12u && (unsigned)(4 * v + b - 1) < 11u ? y[n][c][12 * band + 4 * u + a - 1][4 * v + b - 1] : nn_splat(0));
					h[0][b] = 4 * d[0] - 5 * d[2] + d[4];
					const nn_v even1 = -4 * d[2] + d[4], odd1 = -4 * d[1] + d[3];
					h[1][b] = even1 + odd1;
					h[2][b] = even1 - odd1;
					const nn_v even3 = -d[2] + d[4], odd3 = d[1] - d[3];
					h[3][b] = even3 - 2 * odd3;
					h[4][b] = even3 + 2 * odd3;
					h[5][b] = 4 * d[1] - 5 * d[3] + d[5];
				}
			}
			NN_UNROLL for (int p = 0; p < 6; p++)
			{
				o[p][0] = 4 * h[p][0] - 5 * h[p][2] + h[p][4];
				const nn_v even1 = -4 * h[p][2] + h[p][4], odd1 = -4 * h[p][1] + h[p][3];
				o[p][1] = even1 + odd1;
				o[p][2] = even1 - odd1;
				const nn_v even3 = -h[p][2] + h[p][4], odd3 = h[p][1] - h[p][3];
				o[p][3] = even3 - 2 * odd3;
				o[p][4] = even3 + 2 * odd3;
				o[p][5] = 4 * h[p][1] - 5 * h[p][3] + h[p][5];
			}
			NN_UNROLL for (int p = 0; p < 6; p++)
			NN_UNROLL for (int q = 0; q < 6; q++)
				V[p][q][c][3 * u + v] = o[p][q];
		}
	}
}

NN_INLINE void k02_conv2_sum_V_2_tile(const nn_task *t,
		const nn_v V[restrict][6][4][9],
		const nn_v U[restrict][6][4][33],
		nn_v M[restrict][6][4][9],
		const int p, const int q, const int k0, const int kn, const int z0, const int zn, const int n, const int band)
{
	(void)t;
	(void)n;
	(void)band;
	nn_v acc[4][3];
	NN_UNROLL for (int kt = 0; kt < 4; kt++)
	NN_UNROLL for (int zt = 0; zt < 3; zt++)
		acc[kt][zt] = nn_splat(0);
	for (int c0 = 0; c0 < 32; c0 += 8)
	NN_UNROLL for (int ct = 0; ct < 8; ct++)
	{
		NN_STEP;
		NN_UNROLL for (int kt = 0; kt < kn; kt++)
		NN_UNROLL for (int zt = 0; zt < zn; zt++)
			acc[kt][zt] += NN_AT(V[p][q][c0 / 8][z0 + zt], ct) * U[p][q][k0 + kt][c0 + ct];
	}
	NN_UNROLL for (int kt = 0; kt < kn; kt++)
	NN_UNROLL for (int zt = 0; zt < zn; zt++)
	{
		M[p][q][k0 + kt][z0 + zt] = acc[kt][zt];
	}
}

static void k02_conv2_sum_V_2(const nn_task *t,
		const nn_v V[restrict][6][4][9],
		const nn_v U[restrict][6][4][33],
		nn_v M[restrict][6][4][9],
		 const int n, const int band)
{
	(void)t;
	(void)n;
	(void)band;
	for (int p = 0; p < 6; p++)
	for (int q = 0; q < 6; q++)
	{
		{
			const int k0 = 0;
			{
				for (int z0 = 0; z0 < 9; z0 += 3)
						k02_conv2_sum_V_2_tile(t, V, U, M, p, q, k0, 4, z0, 3, n, band);
			}
		}
	}
}

static void k02_conv2_sum_V_3(const nn_task *t,
		const nn_v M[restrict][6][4][9],
		nn_v sum[restrict][4][12][11],
		 const int n, const int band)
{
	(void)t;
	(void)n;
	(void)band;
	for (int k = 0; k < 4; k++)
	for (int u = 0; u < 3; u++)
	for (int v = 0; v < 3; v++)
	{
		{
			nn_v h[4][6], o[4][4];
			NN_UNROLL for (int a = 4; a < 8; a++)
				NN_AHEAD(&sum[n][k][0][0] + 11 * (12 * band + 4 * u + a) + 4 * v, 4, 1);
			NN_UNROLL for (int q = 0; q < 6; q++)
			{
				nn_v d[6];
				NN_UNROLL for (int p = 0; p < 6; p++)
					d[p] = M[p][q][k][3 * u + v];
				const nn_v sum1 = d[1] + d[2], dif1 = d[1] - d[2];
				const nn_v sum3 = d[3] + d[4], dif3 = d[3] - d[4];
				h[0][q] = d[0] + sum1 + sum3;
				h[1][q] = dif1 + 2 * dif3;
				h[2][q] = sum1 + 4 * sum3;
				h[3][q] = dif1 + 8 * dif3 + d[5];
			}
			NN_UNROLL for (int a = 0; a < 4; a++)
			{
				const nn_v sum1 = h[a][1] + h[a][2], dif1 = h[a][1] - h[a][2];
				const nn_v sum3 = h[a][3] + h[a][4], dif3 = h[a][3] - h[a][4];
				o[a][0] = h[a][0] + sum1 + sum3;
				o[a][1] = dif1 + 2 * dif3;
				o[a][2] = sum1 + 4 * sum3;
				o[a][3] = dif1 + 8 * dif3 + h[a][5];
			}
			if ((unsigned)(4 * v + 3) < 11u)
			{
				NN_UNROLL for (int a = 0; a < 4; a++)
				NN_UNROLL for (int b = 0; b < 4; b++)
					sum[n][k][12 * band + 4 * u + a][4 * v + b] = o[a][b];
			}
			else
			{
				NN_UNROLL for (int a = 0; a < 4; a++)
				NN_UNROLL for (int b = 0; b < 4; b++)
				if ((unsigned)(4 * v + b) < 11u)
					sum[n][k][12 * band + 4 * u + a][4 * v + b] = o[a][b];
			}
		}
	}
}

NN_KERNEL void k02_conv2_sum_V(const nn_task *t,
		const nn_v y[restrict][4][12][11],
		const nn_v U[restrict][6][4][33],
		nn_v sum[restrict][4][12][11])
{
	const int live = t->run->live;
	nn_v V[6][6][4][9];
	nn_v M[6][6][4][9];
	const nn_span part = nn_share(t, live);
	for (int n = part.from; n < part.to; n++)
	for (int band = 0; band < 1; band++)
	{
		k02_conv2_sum_V_1(t, y, V, n, band);
		k02_conv2_sum_V_2(t, V, U, M, n, band);
		k02_conv2_sum_V_3(t, M, sum, n, band);
	}
}

/* k03_conv2_y  (line 5 conv, line 6 global_avg_pool)
 *
 *   y[n,k,i,j] = bias[k] + sum[n,k,i,j]
 *   sum2[n,k] = sum{i,j} y[n,k,i,j]
 *
 *   n 4  k 32  i 12  j 11
 *   0.034 Mflop, 66.6 kB; no tile */
NN_KERNEL void k03_conv2_y(const nn_task *t,
		const nn_v bias[restrict],
		const nn_v sum[restrict][4][12][11],
		nn_v sum2[restrict][4])
{
	const int live = t->run->live;
	const nn_span part = nn_share(t, live);
	for (int n = part.from; n < part.to; n++)
	for (int k = 0; k < 4; k++)
	{
		nn_v acc1 = nn_splat(0);
		for (int i = 0; i < 12; i++)
		for (int j = 0; j < 11; j++)
		{
			const nn_v y = bias[k] + sum[n][k][i][j];
			acc1 += y;
		}
		sum2[n][k] = acc1;
	}
}

/* k04_global_avg_pool1_y  (line 6 global_avg_pool)
 *
 *   y[n,c,0,0] = sum[n,c] * 0.00757576
 *
 *   n 4  c 32
 *   0.000 Mflop, 1.0 kB; no tile */
NN_KERNEL void k04_global_avg_pool1_y(const nn_task *t,
		const nn_v sum[restrict][4],
		nn_v y[restrict][4][1][1])
{
	const int live = t->run->live;
	const nn_span part = nn_share(t, live);
	for (int n = part.from; n < part.to; n++)
	for (int c = 0; c < 4; c++)
	{
		y[n][c][0][0] = sum[n][c] * (nn_real)0.007575757575757576;
	}
}

/* k05_dense1_sum  (line 7 dense)
 *
 *   sum[n,k] = sum{c} y[n,c,0,0] * weight[k,c,0,0]
 *   output[n,k] = bias[k] + sum[n,k]
 *
 *   n 4  k 8  c 32
 *   0.002 Mflop, 1.7 kB; tile: 2 n, 2 accumulators */
NN_INLINE void k05_dense1_sum_tile(const nn_task *t,
		const nn_v y[restrict][4][1][1],
		const nn_v weight[restrict][32][1][1],
		const nn_v bias[restrict],
		nn_v output[restrict][1],
		const int n0, const int nn, const int k)
{
	(void)t;
	nn_v acc[2];
	NN_UNROLL for (int nt = 0; nt < 2; nt++)
		acc[nt] = nn_splat(0);
	for (int c0 = 0; c0 < 32; c0 += 8)
	NN_UNROLL for (int ct = 0; ct < 8; ct++)
	{
		NN_STEP;
		NN_UNROLL for (int nt = 0; nt < nn; nt++)
			acc[nt] += NN_AT(y[n0 + nt][c0 / 8][0][0], ct) * weight[k][c0 + ct][0][0];
	}
	NN_UNROLL for (int nt = 0; nt < nn; nt++)
	{
		const nn_v sum = acc[nt];
		output[n0 + nt][k] = bias[k] + sum;
	}
}

NN_KERNEL void k05_dense1_sum(const nn_task *t,
		const nn_v y[restrict][4][1][1],
		const nn_v weight[restrict][32][1][1],
		const nn_v bias[restrict],
		nn_v output[restrict][1])
{
	const int live = t->run->live;
	const nn_span part = nn_share(t, live);
	{
		int n0 = part.from;
		for (; n0 + 2 <= part.to; n0 += 2)
			for (int k = 0; k < 1; k++)
				k05_dense1_sum_tile(t, y, weight, bias, output, n0, 2, k);
		for (; n0 < part.to; n0++)
			for (int k = 0; k < 1; k++)
				k05_dense1_sum_tile(t, y, weight, bias, output, n0, 1, k);
	}
}

/* k06_loss_m  (loss)
 *
 *   m[n] = max{c} output[n,c]
 *   z[n] = sum{c} exp(output[n,c] - m[n])
 *   l[n] = log(z[n])
 *
 *   n 4  c 8
 *   0.000 Mflop, 0.2 kB; no tile */
NN_KERNEL void k06_loss_m(const nn_task *t,
		const nn_v output[restrict][1],
		nn_real m[restrict],
		nn_real l[restrict])
{
	const int live = t->run->live;
	const nn_span part = nn_share(t, live);
	for (int n = part.from; n < part.to; n++)
	{
		{
			nn_v acc = nn_splat(-INFINITY);
			for (int c = 0; c < 1; c++)
			{
				const nn_v v = output[n][c];
				acc = nn_ifabove(v, acc, v, acc);
			}
			m[n] = nn_hmax(acc);
		}
		nn_real z;
		{
			nn_v acc = nn_splat(0);
			for (int c2 = 0; c2 < 1; c2++)
				acc += nn_exp(output[n][c2] - m[n]);
			z = nn_sum(acc);
		}
		l[n] = nn_log(nn_splat(z))[0];
	}
}

/* k07_loss_q  (loss)
 *
 *   q[n,c] = ifeq(target[n], (c), 1, 0)
 *
 *   n 4  c 8
 *   0.000 Mflop, 0.2 kB; no tile */
NN_KERNEL void k07_loss_q(const nn_task *t,
		const nn_real target[restrict],
		nn_v q[restrict][1])
{
	const int live = t->run->live;
	const nn_span part = nn_share(t, live);
	for (int n = part.from; n < part.to; n++)
	for (int c = 0; c < 1; c++)
	{
		q[n][c] = nn_ifeq(nn_splat(target[n]), (nn_real)(8 * c) + 1 * nn_iota(), nn_splat(1), nn_splat(0));
	}
}

/* k08_loss_loss  (loss)
 *
 *   loss[n] = sum{c} q[n,c] * (l[n] - (output[n,c] - m[n]))
 *
 *   n 4  c 8
 *   0.000 Mflop, 0.3 kB; tile: 2 n, 2 accumulators */
NN_INLINE void k08_loss_loss_tile(const nn_task *t,
		const nn_v q[restrict][1],
		const nn_real l[restrict],
		const nn_v output[restrict][1],
		const nn_real m[restrict],
		nn_real loss[restrict],
		const int n0, const int nn)
{
	(void)t;
	nn_real acc[2];
	NN_UNROLL for (int nt = 0; nt < 2; nt++)
		acc[nt] = 0;
	for (int c = 0; c < 8; c++)
	NN_UNROLL for (int nt = 0; nt < nn; nt++)
		acc[nt] += NN_AT(q[n0 + nt][c / 8], c % 8) * (l[n0 + nt] - (NN_AT(output[n0 + nt][c / 8], c % 8) - m[n0 + nt]));
	NN_UNROLL for (int nt = 0; nt < nn; nt++)
	{
		loss[n0 + nt] = acc[nt];
	}
}

NN_KERNEL void k08_loss_loss(const nn_task *t,
		const nn_v q[restrict][1],
		const nn_real l[restrict],
		const nn_v output[restrict][1],
		const nn_real m[restrict],
		nn_real loss[restrict])
{
	const int live = t->run->live;
	const nn_span part = nn_share(t, live);
	{
		int n0 = part.from;
		for (; n0 + 2 <= part.to; n0 += 2)
				k08_loss_loss_tile(t, q, l, output, m, loss, n0, 2);
		for (; n0 < part.to; n0++)
				k08_loss_loss_tile(t, q, l, output, m, loss, n0, 1);
	}
}

/* k09_loss_sum  (loss)
 *
 *   sum[0] = sum{n} loss[n]
 *   loss2[0] = sum[0] / batch
 *
 *   n 4
 *   0.000 Mflop, 0.1 kB; no tile */
NN_KERNEL void k09_loss_sum(const nn_task *t,
		const nn_real loss[restrict],
		nn_real loss2[restrict])
{
	if (t->thread != 0)
		return;
	const int live = t->run->live;
	const nn_real u0 = (nn_real)(double)t->run->live;
	{
		nn_real sum;
		{
			nn_real acc = 0;
			for (int n = 0; n < live; n++)
				acc += loss[n];
			sum = acc;
		}
		loss2[0] = sum / u0;
	}
}

/* k10_loss_s  (loss)
 *
 *   s[n] = sum{c} q[n,c]
 *
 *   n 4  c 8
 *   0.000 Mflop, 0.2 kB; no tile */
NN_KERNEL void k10_loss_s(const nn_task *t,
		const nn_v q[restrict][1],
		nn_real s[restrict])
{
	const int live = t->run->live;
	const nn_span part = nn_share(t, live);
	for (int n = part.from; n < part.to; n++)
	{
		{
			nn_v acc = nn_splat(0);
			for (int c = 0; c < 1; c++)
				acc += q[n][c];
			s[n] = nn_sum(acc);
		}
	}
}

/* k11_ddense1_y  (loss)
 *
 *   dy[n,c] = (exp(output[n,c] - m[n] - l[n]) * s[n] - q[n,c]) / batch
 *
 *   n 4  c 8
 *   0.000 Mflop, 0.5 kB; no tile */
NN_KERNEL void k11_ddense1_y(const nn_task *t,
		const nn_v output[restrict][1],
		const nn_real m[restrict],
		const nn_real l[restrict],
		const nn_real s[restrict],
		const nn_v q[restrict][1],
		nn_v dy[restrict][1])
{
	const int live = t->run->live;
	const nn_real u0 = (nn_real)(double)t->run->live;
	const nn_span part = nn_share(t, live);
	for (int n = part.from; n < part.to; n++)
	for (int c = 0; c < 1; c++)
	{
		dy[n][c] = (nn_exp(output[n][c] - m[n] - l[n]) * s[n] - q[n][c]) / u0;
	}
}

/* k12_ddense1_bias  (line 7 dense)
 *
 *   dbias[k] = sum{n} dy[n,k]
 *   d[k] = dbias[k]
 *   momentum_buffer[k] = d[k]
 *   bias[k] := bias[k] - hyper0 * momentum_buffer[k]
 *
 *   k 8  n 4
 *   0.000 Mflop, 0.2 kB; no tile */
NN_KERNEL void k12_ddense1_bias(const nn_task *t,
		const nn_v dy[restrict][1],
		nn_v dbias[restrict],
		nn_v bias[restrict])
{
	const int live = t->run->live;
	const nn_real u0 = (nn_real)t->run->hyper[0];
	const nn_span part = nn_share(t, 1);
	for (int k = part.from; k < part.to; k++)
	{
		{
			nn_v acc = nn_splat(0);
			for (int n = 0; n < live; n++)
				acc += dy[n][k];
			dbias[k] = acc;
		}
		const nn_v d = dbias[k];
		const nn_v momentum_buffer = d;
		bias[k] = bias[k] - u0 * momentum_buffer;
	}
}

/* k13_dense1_weight_by1  (loss)
 *
 *   copy[c,k,0,0] = weight[k,c,0,0]
 *
 *   c 32  k 8
 *   0.000 Mflop, 2.0 kB; no tile */
NN_KERNEL void k13_dense1_weight_by1(const nn_task *t,
		const nn_v weight[restrict][32][1][1],
		nn_v copy[restrict][8][1][1])
{
	const nn_span part = nn_share(t, 4 * 8);
	for (int piece = part.from; piece < part.to; piece++)
	{
		const int c = piece / 8;
		const int k = piece % 8;
		{
			copy[c][k][0][0] = nn_gather(&NN_AT(weight[k / 8][8 * c][0][0], k % 8), 8, nn_least(8, 32 - 8 * (c)));
		}
	}
}

/* k14_dglobal_avg_pool1_y  (line 7 dense, line 6 global_avg_pool)
 *
 *   dy2[n,c,0,0] = sum{k} dy[n,k] * copy[c,k,0,0]
 *   dsum[n,c] = dy2[n,c,0,0] * 0.00757576
 *
 *   n 4  c 32  k 8
 *   0.002 Mflop, 1.6 kB; tile: 2 n x 4 c, 8 accumulators */
NN_INLINE void k14_dglobal_avg_pool1_y_tile(const nn_task *t,
		const nn_v dy[restrict][1],
		const nn_v copy[restrict][8][1][1],
		nn_v dsum[restrict][4],
		const int n0, const int nn, const int c0, const int cn)
{
	(void)t;
	nn_v acc[2][4];
	NN_UNROLL for (int nt = 0; nt < 2; nt++)
	NN_UNROLL for (int ct = 0; ct < 4; ct++)
		acc[nt][ct] = nn_splat(0);
	for (int k0 = 0; k0 < 8; k0 += 8)
	NN_UNROLL for (int kt = 0; kt < 8; kt++)
	{
		NN_STEP;
		NN_UNROLL for (int ct = 0; ct < cn; ct++)
		NN_UNROLL for (int nt = 0; nt < nn; nt++)
			acc[nt][ct] += NN_AT(dy[n0 + nt][k0 / 8], kt) * copy[c0 + ct][k0 + kt][0][0];
	}
	NN_UNROLL for (int nt = 0; nt < nn; nt++)
	NN_UNROLL for (int ct = 0; ct < cn; ct++)
	{
		const nn_v dy2 = acc[nt][ct];
		dsum[n0 + nt][c0 + ct] = dy2 * (nn_real)0.007575757575757576;
	}
}

NN_KERNEL void k14_dglobal_avg_pool1_y(const nn_task *t,
		const nn_v dy[restrict][1],
		const nn_v copy[restrict][8][1][1],
		nn_v dsum[restrict][4])
{
	const int live = t->run->live;
	const nn_span part = nn_share(t, live);
	{
		int n0 = part.from;
		for (; n0 + 2 <= part.to; n0 += 2)
			{
				{
					const int c0 = 0;
						k14_dglobal_avg_pool1_y_tile(t, dy, copy, dsum, n0, 2, c0, 4);
				}
			}
		for (; n0 < part.to; n0++)
			{
				{
					const int c0 = 0;
						k14_dglobal_avg_pool1_y_tile(t, dy, copy, dsum, n0, 1, c0, 4);
				}
			}
	}
}

/* k15_ddense1_weight  (line 7 dense)
 *
 *   dweight[k,c,0,0] = sum{n} dy[n,k] * y[n,c,0,0]
 *   d[k,c,0,0] = dweight[k,c,0,0]
 *   momentum_buffer[k,c,0,0] = d[k,c,0,0]
 *   weight[k,c,0,0] := weight[k,c,0,0] - hyper0 * momentum_buffer[k,c,0,0]
 *
 *   k 8  c 32  n 4
 *   0.003 Mflop, 2.6 kB; tile: 8 c, 8 accumulators */
NN_INLINE void k15_ddense1_weight_tile(const nn_task *t,
		const nn_v dy[restrict][1],
		const nn_v y[restrict][4][1][1],
		nn_v dweight[restrict][32][1][1],
		nn_v weight[restrict][32][1][1],
		const int k, const int c0, const int cn,
		const nn_real u0)
{
	const int live = t->run->live;
	nn_v acc[8];
	NN_UNROLL for (int ct = 0; ct < 8; ct++)
		acc[ct] = nn_splat(0);
	for (int n = 0; n < live; n++)
	{
		NN_STEP;
		NN_UNROLL for (int ct = 0; ct < cn; ct++)
			acc[ct] += dy[n][k] * NN_AT(y[n][c0 / 8][0][0], ct);
	}
	NN_UNROLL for (int ct = 0; ct < cn; ct++)
	{
		dweight[k][c0 + ct][0][0] = acc[ct];
		const nn_v d = dweight[k][c0 + ct][0][0];
		const nn_v momentum_buffer = d;
		weight[k][c0 + ct][0][0] = weight[k][c0 + ct][0][0] - u0 * momentum_buffer;
	}
}

NN_KERNEL void k15_ddense1_weight(const nn_task *t,
		const nn_v dy[restrict][1],
		const nn_v y[restrict][4][1][1],
		nn_v dweight[restrict][32][1][1],
		nn_v weight[restrict][32][1][1])
{
	const nn_real u0 = (nn_real)t->run->hyper[0];
	const nn_span part = nn_share(t, 1 * 4);
	for (int piece = part.from; piece < part.to; piece++)
	{
		const int k = piece / 4;
		const int c0 = piece % 4 * 8;
			k15_ddense1_weight_tile(t, dy, y, dweight, weight, k, c0, 8, u0);
	}
}

/* k16_dconv2_y  (line 6 global_avg_pool, line 5 conv)
 *
 *   dy[n,c,h,w] = dsum[n,c]
 *   by_image[n,c] = sum{h,w} dy[n,c,h,w]
 *
 *   n 4  c 32  h 12  w 11
 *   0.017 Mflop, 67.0 kB; no tile */
NN_KERNEL void k16_dconv2_y(const nn_task *t,
		const nn_v dsum[restrict][4],
		nn_v dy[restrict][4][12][11],
		nn_v by_image[restrict][4])
{
	const int live = t->run->live;
	const nn_span part = nn_share(t, live);
	for (int n = part.from; n < part.to; n++)
	for (int c = 0; c < 4; c++)
	{
		nn_v acc1 = nn_splat(0);
		for (int h = 0; h < 12; h++)
		for (int w = 0; w < 11; w++)
		{
			dy[n][c][h][w] = dsum[n][c];
			acc1 += dy[n][c][h][w];
		}
		by_image[n][c] = acc1;
	}
}

/* k17_dconv2_bias  (line 5 conv)
 *
 *   dbias[k] = sum{n} by_image[n,k]
 *   d[k] = dbias[k]
 *   momentum_buffer[k] = d[k]
 *   bias[k] := bias[k] - hyper0 * momentum_buffer[k]
 *
 *   k 32  n 4
 *   0.000 Mflop, 0.8 kB; no tile */
NN_KERNEL void k17_dconv2_bias(const nn_task *t,
		const nn_v by_image[restrict][4],
		nn_v dbias[restrict],
		nn_v bias[restrict])
{
	const int live = t->run->live;
	const nn_real u0 = (nn_real)t->run->hyper[0];
	const nn_span part = nn_share(t, 4);
	for (int k = part.from; k < part.to; k++)
	{
		{
			nn_v acc = nn_splat(0);
			for (int n = 0; n < live; n++)
				acc += by_image[n][k];
			dbias[k] = acc;
		}
		const nn_v d = dbias[k];
		const nn_v momentum_buffer = d;
		bias[k] = bias[k] - u0 * momentum_buffer;
	}
}

/* k18_drelu1_y_U  (line 5 conv)
 *
 *   U[p,q,c,k] = sum{a,b} G[p,a] * G[q,b] * weight[k,c,-a+2,-b+2]
 *
 *   c 32  k 32  p 6  q 6  a 3  b 3
 *   0.000 Mflop, 184.5 kB; no tile */
NN_KERNEL void k18_drelu1_y_U(const nn_task *t,
		const nn_v weight[restrict][32][3][3],
		nn_v U[restrict][6][4][33])
{
	const nn_span part = nn_share(t, 4 * 32);
	for (int piece = part.from; piece < part.to; piece++)
	{
		const int c = piece / 32;
		const int k = piece % 32;
		{
			{
				nn_v h[6][3], o[6][6];
				NN_UNROLL for (int b = 0; b < 3; b++)
				{
					nn_v d[3];
					NN_UNROLL for (int a = 0; a < 3; a++)
						d[a] = nn_gather(&NN_AT(weight[k / 8][8 * c][-a + 2][-b + 2], k % 8), 72, nn_least(8, 32 - 8 * (c)));
					h[0][b] = (nn_real)0.25 * d[0];
					const nn_v even1 = -(nn_real)0.16666666666666666 * d[0] - (nn_real)0.16666666666666666 * d[2], odd1 = d[1];
					h[1][b] = even1 - (nn_real)0.16666666666666666 * odd1;
					h[2][b] = even1 + (nn_real)0.16666666666666666 * odd1;
					const nn_v even3 = (nn_real)0.041666666666666664 * d[0] + (nn_real)0.16666666666666666 * d[2], odd3 = d[1];
					h[3][b] = even3 + (nn_real)0.083333333333333329 * odd3;
					h[4][b] = even3 - (nn_real)0.083333333333333329 * odd3;
					h[5][b] = d[2];
				}
				NN_UNROLL for (int p = 0; p < 6; p++)
				{
					o[p][0] = (nn_real)0.25 * h[p][0];
					const nn_v even1 = -(nn_real)0.16666666666666666 * h[p][0] - (nn_real)0.16666666666666666 * h[p][2], odd1 = h[p][1];
					o[p][1] = even1 - (nn_real)0.16666666666666666 * odd1;
					o[p][2] = even1 + (nn_real)0.16666666666666666 * odd1;
					const nn_v even3 = (nn_real)0.041666666666666664 * h[p][0] + (nn_real)0.16666666666666666 * h[p][2], odd3 = h[p][1];
					o[p][3] = even3 + (nn_real)0.083333333333333329 * odd3;
					o[p][4] = even3 - (nn_real)0.083333333333333329 * odd3;
					o[p][5] = h[p][2];
				}
				NN_UNROLL for (int p = 0; p < 6; p++)
				NN_UNROLL for (int q = 0; q < 6; q++)
					U[p][q][c][k] = o[p][q];
			}
		}
	}
}

/* k19_drelu1_y_V  (line 5 conv)
 *
 *   V[n,band,p,q,k,3u+v] = sum{a,b} B[p,a] * B[q,b] * dy[n,k,12band+4u+a-1,4v+b-1]
 *   M[n,band,p,q,c,z] = sum{c} V[n,band,p,q,c,z] * U[p,q,c,c]
 *   dy2[n,c,12band+4u+a,4v+b] = sum{p,q} A[a,p] * A[b,q] * M[n,band,p,q,c,3u+v]
 *
 *   n 4  band 1  k 32  u 3  v 3  p 6  q 6  a 6  b 6  c 32  z 9  a 4  b 4
 *   8.634 Mflop, 280.5 kB; no tile */
static void k19_drelu1_y_V_1(const nn_task *t,
		const nn_v dy[restrict][4][12][11],
		nn_v V[restrict][6][4][9],
		 const int n, const int band)
{
	(void)t;
	(void)n;
	(void)band;
	for (int k = 0; k < 4; k++)
	for (int u = 0; u < 3; u++)
	for (int v = 0; v < 3; v++)
	{
		{
			nn_v h[6][6], o[6][6];
			NN_UNROLL for (int a = 6; a < 10; a++)
				NN_AHEAD(&dy[n][k][0][0] + 11 * (12 * band + 4 * u + a - 1) + 4 * v, 4, 0);
			if ((unsigned)(12 * band + 4 * u - 1) < 12u && (unsigned)(4 * v - 1) < 11u && (unsigned)(12 * band + 4 * u + 4) < 12u && (unsigned)(4 * v + 4) < 11u)
			{
				NN_UNROLL for (int b = 0; b < 6; b++)
				{
					nn_v d[6];
					NN_UNROLL for (int a = 0; a < 6; a++)
						d[a] = dy[n][k][12 * band + 4 * u + a - 1][4 * v + b - 1];
					h[0][b] = 4 * d[0] - 5 * d[2] + d[4];
					const nn_v even1 = -4 * d[2] + d[4], odd1 = -4 * d[1] + d[3];
					h[1][b] = even1 + odd1;
					h[2][b] = even1 - odd1;
					const nn_v even3 = -d[2] + d[4], odd3 = d[1] - d[3];
					h[3][b] = even3 - 2 * odd3;
					h[4][b] = even3 + 2 * odd3;
					h[5][b] = 4 * d[1] - 5 * d[3] + d[5];
				}
			}
			else
			{
				NN_UNROLL for (int b = 0; b < 6; b++)
				{
					nn_v d[6];
					NN_UNROLL for (int a = 0; a < 6; a++)
						d[a] = ((unsigned)(12 * band + 4 * u + a - 1) < 12u && (unsigned)(4 * v + b - 1) < 11u ? dy[n][k][12 * band + 4 * u + a - 1][4 * v + b - 1] : nn_splat(0));
					h[0][b] = 4 * d[0] - 5 * d[2] + d[4];
					const nn_v even1 = -4 * d[2] + d[4], odd1 = -4 * d[1] + d[3];
					h[1][b] = even1 + odd1;
					h[2][b] = even1 - odd1;
					const nn_v even3 = -d[2] + d[4], odd3 = d[1] - d[3];
					h[3][b] = even3 - 2 * odd3;
					h[4][b] = even3 + 2 * odd3;
					h[5][b] = 4 * d[1] - 5 * d[3] + d[5];
				}
			}
			NN_UNROLL for (int p = 0; p < 6; p++)
			{
				o[p][0] = 4 * h[p][0] - 5 * h[p][2] + h[p][4];
				const nn_v even1 = -4 * h[p][2] + h[p][4], odd1 = -4 * h[p][1] + h[p][3];
				o[p][1] = even1 + odd1;
				o[p][2] = even1 - odd1;
				const nn_v even3 = -h[p][2] + h[p][4], odd3 = h[p][1] - h[p][3];
				o[p][3] = even3 - 2 * odd3;
				o[p][4] = even3 + 2 * odd3;
				o[p][5] = 4 * h[p][1] - 5 * h[p][3] + h[p][5];
			}
			NN_UNROLL for (int p = 0; p < 6; p++)
			NN_UNROLL for (int q = 0; q < 6; q++)
				V[p][q][k][3 * u + v] = o[p][q];
		}
	}
}

NN_INLINE void k19_drelu1_y_V_2_tile(const nn_task *t,
		const nn_v V[restrict][6][4][9],
		const nn_v U[restrict][6][4][33],
		nn_v M[restrict][6][4][9],
		const int p, const int q, const int c0, const int cn, const int z0, const int zn, const int n, const int band)
{
	(void)t;
	(void)n;
	(void)band;
	nn_v acc[4][3];
	NN_UNROLL for (int ct = 0; ct < 4; ct++)
	NN_UNROLL for (int zt = 0; zt < 3; zt++)
		acc[ct][zt] = nn_splat(0);
	for (int c20 = 0; c20 < 32; c20 += 8)
	NN_UNROLL for (int c2t = 0; c2t < 8; c2t++)
	{
		NN_STEP;
		NN_UNROLL for (int ct = 0; ct < cn; ct++)
		NN_UNROLL for (int zt = 0; zt < zn; zt++)
			acc[ct][zt] += NN_AT(V[p][q][c20 / 8][z0 + zt], c2t) * U[p][q][c0 + ct][c20 + c2t];
	}
	NN_UNROLL for (int ct = 0; ct < cn; ct++)
	NN_UNROLL for (int zt = 0; zt < zn; zt++)
	{
		M[p][q][c0 + ct][z0 + zt] = acc[ct][zt];
	}
}

static void k19_drelu1_y_V_2(const nn_task *t,
		const nn_v V[restrict][6][4][9],
		const nn_v U[restrict][6][4][33],
		nn_v M[restrict][6][4][9],
		 const int n, const int band)
{
	(void)t;
	(void)n;
	(void)band;
	for (int p = 0; p < 6; p++)
	for (int q = 0; q < 6; q++)
	{
		{
			const int c0 = 0;
			{
				for (int z0 = 0; z0 < 9; z0 += 3)
						k19_drelu1_y_V_2_tile(t, V, U, M, p, q, c0, 4, z0, 3, n, band);
			}
		}
	}
}

static void k19_drelu1_y_V_3(const nn_task *t,
		const nn_v M[restrict][6][4][9],
		nn_v dy[restrict][4][12][11],
		 const int n, const int band)
{
	(void)t;
	(void)n;
	(void)band;
	for (int c = 0; c < 4; c++)
	for (int u = 0; u < 3; u++)
	for (int v = 0; v < 3; v++)
	{
		{
			nn_v h[4][6], o[4][4];
			NN_UNROLL for (int a = 4; a < 8; a++)
				NN_AHEAD(&dy[n][c][0][0] + 11 * (12 * band + 4 * u + a) + 4 * v, 4, 1);
			NN_UNROLL for (int q = 0; q < 6; q++)
			{
				nn_v d[6];
				NN_UNROLL for (int p = 0; p < 6; p++)
					d[p] = M[p][q][c][3 * u + v];
				const nn_v sum1 = d[1] + d[2], dif1 = d[1] - d[2];
				const nn_v sum3 = d[3] + d[4], dif3 = d[3] - d[4];
				h[0][q] = d[0] + sum1 + sum3;
				h[1][q] = dif1 + 2 * dif3;
				h[2][q] = sum1 + 4 * sum3;
				h[3][q] = dif1 + 8 * dif3 + d[5];
			}
			NN_UNROLL for (int a = 0; a < 4; a++)
			{
				const nn_v sum1 = h[a][1] + h[a][2], dif1 = h[a][1] - h[a][2];
				const nn_v sum3 = h[a][3] + h[a][4], dif3 = h[a][3] - h[a][4];
				o[a][0] = h[a][0] + sum1 + sum3;
				o[a][1] = dif1 + 2 * dif3;
				o[a][2] = sum1 + 4 * sum3;
				o[a][3] = dif1 + 8 * dif3 + h[a][5];
			}
			if ((unsigned)(4 * v + 3) < 11u)
			{
				NN_UNROLL for (int a = 0; a < 4; a++)
				NN_UNROLL for (int b = 0; b < 4; b++)
					dy[n][c][12 * band + 4 * u + a][4 * v + b] = o[a][b];
			}
			else
			{
				NN_UNROLL for (int a = 0; a < 4; a++)
				NN_UNROLL for (int b = 0; b < 4; b++)
				if ((unsigned)(4 * v + b) < 11u)
					dy[n][c][12 * band + 4 * u + a][4 * v + b] = o[a][b];
			}
		}
	}
}

NN_KERNEL void k19_drelu1_y_V(const nn_task *t,
		const nn_v dy[restrict][4][12][11],
		const nn_v U[restrict][6][4][33],
		nn_v dy2[restrict][4][12][11])
{
	const int live = t->run->live;
	nn_v V[6][6][4][9];
	nn_v M[6][6][4][9];
	const nn_span part = nn_share(t, live);
	for (int n = part.from; n < part.to; n++)
	for (int band = 0; band < 1; band++)
	{
		k19_drelu1_y_V_1(t, dy, V, n, band);
		k19_drelu1_y_V_2(t, V, U, M, n, band);
		k19_drelu1_y_V_3(t, M, dy2, n, band);
	}
}

/* k20_dconv2_weight_D  (line 5 conv)
 *
 *   D[g,n,band,p,q,k,9e+3u+v] = sum{a,b} At[3g+p,a] * At[q,b] * dy[4n+e,k,12band+4u+a,4v+b]
 *   V[g,n,band,p,q,c,9e+3u+v] = sum{a,b} B[3g+p,a] * B[q,b] * y[4n+e,c,12band+4u+a-1,4v+b-1]
 *   S[3g+p,q,k,c] = sum{n,band,z} D[g,n,band,p,q,k,z] * V[g,n,band,p,q,c,z]
 *
 *   g 2  n 1  band 1  e 4  k 32  u 3  v 3  p 3  q 6  a 4  b 4  c 32  a 6  b 6  z 36
 *   8.634 Mflop, 280.5 kB; no tile */
static void k20_dconv2_weight_D_1(const nn_task *t,
		const nn_v dy[restrict][4][12][11],
		nn_v D[restrict][6][4][36],
		 const int g, const int n, const int band)
{
	(void)t;
	(void)g;
	(void)n;
	(void)band;
	const int live = t->run->live;
	for (int e = 0; e < 4; e++)
	for (int k = 0; k < 4; k++)
	for (int u = 0; u < 3; u++)
	for (int v = 0; v < 3; v++)
	{
		{
			nn_v h[3][4], o[3][6];
			NN_UNROLL for (int a = 4; a < 8; a++)
				NN_AHEAD(&dy[4 * n + e][k][0][0] + 11 * (12 * band + 4 * u + a) + 4 * v, 4, 0);
			switch (g)
			{
			case 0:
				if (4 * n + e < live && 4 * n + e < live && (unsigned)(4 * v + 3) < 11u)
				{
					NN_UNROLL for (int b = 0; b < 4; b++)
					{
						nn_v d[4];
						NN_UNROLL for (int a = 0; a < 4; a++)
							d[a] = dy[4 * n + e][k][12 * band + 4 * u + a][4 * v + b];
						h[0][b] = d[0];
						const nn_v even1 = d[0] + d[2], odd1 = d[1] + d[3];
						h[1][b] = even1 + odd1;
						h[2][b] = even1 - odd1;
					}
				}
				else
				{
					NN_UNROLL for (int b = 0; b < 4; b++)
					{
						nn_v d[4];
						NN_UNROLL for (int a = 0; a < 4; a++)
							d[a] = (4 * n + e < live && (unsigned)(4 * v + b) < 11u ? dy[4 * n + e][k][12 * band + 4 * u + a][4 * v + b] : nn_splat(0));
						h[0][b] = d[0];
						const nn_v even1 = d[0] + d[2], odd1 = d[1] + d[3];
						h[1][b] = even1 + odd1;
						h[2][b] = even1 - odd1;
					}
				}
				break;
			default:
				if (4 * n + e < live && 4 * n + e < live && (unsigned)(4 * v + 3) < 11u)
				{
					NN_UNROLL for (int b = 0; b < 4; b++)
					{
						nn_v d[4];
						NN_UNROLL for (int a = 0; a < 4; a++)
							d[a] = dy[4 * n + e][k][12 * band + 4 * u + a][4 * v + b];
						const nn_v even0 = d[0] + 4 * d[2], odd0 = 2 * d[1] + 8 * d[3];
						h[0][b] = even0 + odd0;
						h[1][b] = even0 - odd0;
						h[2][b] = d[3];
					}
				}
				else
				{
					NN_UNROLL for (int b = 0; b < 4; b++)
					{
						nn_v d[4];
						NN_UNROLL for (int a = 0; a < 4; a++)
							d[a] = (4 * n + e < live && (unsigned)(4 * v + b) < 11u ? dy[4 * n + e][k][12 * band + 4 * u + a][4 * v + b] : nn_splat(0));
						const nn_v even0 = d[0] + 4 * d[2], odd0 = 2 * d[1] + 8 * d[3];
						h[0][b] = even0 + odd0;
						h[1][b] = even0 - odd0;
						h[2][b] = d[3];
					}
				}
				break;
			}
			NN_UNROLL for (int p = 0; p < 3; p++)
			{
				o[p][0] = h[p][0];
				const nn_v even1 = h[p][0] + h[p][2], odd1 = h[p][1] + h[p][3];
				o[p][1] = even1 + odd1;
				o[p][2] = even1 - odd1;
				const nn_v even3 = h[p][0] + 4 * h[p][2], odd3 = 2 * h[p][1] + 8 * h[p][3];
				o[p][3] = even3 + odd3;
				o[p][4] = even3 - odd3;
				o[p][5] = h[p][3];
			}
			NN_UNROLL for (int p = 0; p < 3; p++)
			NN_UNROLL for (int q = 0; q < 6; q++)
				D[p][q][k][9 * e + 3 * u + v] = o[p][q];
		}
	}
}

static void k20_dconv2_weight_D_2(const nn_task *t,
		const nn_v y[restrict][4][12][11],
		nn_v V[restrict][6][4][36],
		 const int g, const int n, const int band)
{
	(void)t;
	(void)g;
	(void)n;
	(void)band;
	const int live = t->run->live;
	for (int e = 0; e < 4; e++)
	for (int c = 0; c < 4; c++)
	for (int u = 0; u < 3; u++)
	for (int v = 0; v < 3; v++)
	{
		{
			nn_v h[3][6], o[3][6];
			NN_UNROLL for (int a = 6; a < 10; a++)
				NN_AHEAD(&y[4 * n + e][c][0][0] + 11 * (12 * band + 4 * u + a - 1) + 4 * v, 4, 0);
			switch (g)
			{
			case 0:
				if (4 * n + e < live && (unsigned)(12 * band + 4 * u - 1) < 12u && (unsigned)(4 * v - 1) < 11u && 4 * n + e < live && (unsigned)(12 * band + 4 * u + 4) < 12u && (unsigned)(4 * v + 4) < 11u)
				{
					NN_UNROLL for (int b = 0; b < 6; b++)
					{
						nn_v d[6];
						NN_UNROLL for (int a = 0; a < 6; a++)
							d[a] = y[4 * n + e][c][12 * band + 4 * u + a - 1][4 * v + b - 1];
						h[0][b] = 4 * d[0] - 5 * d[2] + d[4];
						const nn_v even1 = -4 * d[2] + d[4], odd1 = -4 * d[1] + d[3];
						h[1][b] = even1 + odd1;
						h[2][b] = even1 - odd1;
					}
				}
				else
				{
					NN_UNROLL for (int b = 0; b < 6; b++)
					{
						nn_v d[6];
						NN_UNROLL for (int a = 0; a < 6; a++)
							d[a] = (4 * n + e < live && (unsigned)(12 * band + 4 * u + a - 1) < 12u && (unsigned)(4 * v + b - 1) < 11u ? y[4 * n + e][c][12 * band + 4 * u + a - 1][4 * v + b - 1] : nn_splat(0));
						h[0][b] = 4 * d[0] - 5 * d[2] + d[4];
						const nn_v even1 = -4 * d[2] + d[4], odd1 = -4 * d[1] + d[3];
						h[1][b] = even1 + odd1;
						h[2][b] = even1 - odd1;
					}
				}
				break;
			default:
				if (4 * n + e < live && (unsigned)(12 * band + 4 * u - 1) < 12u && (unsigned)(4 * v - 1) < 11u && 4 * n + e < live && (unsigned)(12 * band + 4 * u + 4) < 12u && (unsigned)(4 * v + 4) < 11u)
				{
					NN_UNROLL for (int b = 0; b < 6; b++)
					{
						nn_v d[6];
						NN_UNROLL for (int a = 0; a < 6; a++)
							d[a] = y[4 * n + e][c][12 * band + 4 * u + a - 1][4 * v + b - 1];
						const nn_v even0 = -d[2] + d[4], odd0 = d[1] - d[3];
						h[0][b] = even0 - 2 * odd0;
						h[1][b] = even0 + 2 * odd0;
						h[2][b] = 4 * d[1] - 5 * d[3] + d[5];
					}
				}
				else
				{
					NN_UNROLL for (int b = 0; b < 6; b++)
					{
						nn_v d[6];
						NN_UNROLL for (int a = 0; a < 6; a++)
							d[a] = (4 * n + e < live && (unsigned)(12 * band + 4 * u + a - 1) < 12u && (unsigned)(4 * v + b - 1) < 11u ? y[4 * n + e][c][12 * band + 4 * u + a - 1][4 * v + b - 1] : nn_splat(0));
						const nn_v even0 = -d[2] + d[4], odd0 = d[1] - d[3];
						h[0][b] = even0 - 2 * odd0;
						h[1][b] = even0 + 2 * odd0;
						h[2][b] = 4 * d[1] - 5 * d[3] + d[5];
					}
				}
				break;
			}
			NN_UNROLL for (int p = 0; p < 3; p++)
			{
				o[p][0] = 4 * h[p][0] - 5 * h[p][2] + h[p][4];
				const nn_v even1 = -4 * h[p][2] + h[p][4], odd1 = -4 * h[p][1] + h[p][3];
				o[p][1] = even1 + odd1;
				o[p][2] = even1 - odd1;
				const nn_v even3 = -h[p][2] + h[p][4], odd3 = h[p][1] - h[p][3];
				o[p][3] = even3 - 2 * odd3;
				o[p][4] = even3 + 2 * odd3;
				o[p][5] = 4 * h[p][1] - 5 * h[p][3] + h[p][5];
			}
			NN_UNROLL for (int p = 0; p < 3; p++)
			NN_UNROLL for (int q = 0; q < 6; q++)
				V[p][q][c][9 * e + 3 * u + v] = o[p][q];
		}
	}
}

NN_INLINE void k20_dconv2_weight_D_3_tile(const nn_task *t,
		const nn_v D[restrict][6][4][36],
		const nn_v V[restrict][6][4][36],
		nn_v S[restrict][6][4][33],
		const int p, const int q, const int k0, const int kn, const int c0, const int cn, const int g, const int n, const int band)
{
	(void)t;
	(void)g;
	(void)n;
	(void)band;
	const int first = n == 0 && band == 0;
	nn_v acc[4][3];
	NN_UNROLL for (int kt = 0; kt < kn; kt++)
	NN_UNROLL for (int ct = 0; ct < cn; ct++)
		acc[kt][ct] = first ? nn_splat(0) : S[3 * g + p][q][k0 + kt][c0 + ct];
	NN_UNROLL for (int kt = 0; kt < kn; kt++)
	{
		NN_AHEAD(&S[3 * g + p][q][k0 + kt][c0] + cn, cn, 0);
	}
	for (int z0 = 0; z0 < 36; z0 += 6)
	NN_UNROLL for (int zt = 0; zt < 6; zt++)
	{
		NN_STEP;
		NN_UNROLL for (int kt = 0; kt < kn; kt++)
		NN_UNROLL for (int ct = 0; ct < cn; ct++)
			acc[kt][ct] += D[p][q][k0 + kt][z0 + zt] * NN_AT(V[p][q][(c0 + ct) / 8][z0 + zt], (c0 + ct) % 8);
	}
	NN_UNROLL for (int kt = 0; kt < kn; kt++)
	NN_UNROLL for (int ct = 0; ct < cn; ct++)
	{
		S[3 * g + p][q][k0 + kt][c0 + ct] = acc[kt][ct];
	}
}

static void k20_dconv2_weight_D_3(const nn_task *t,
		const nn_v D[restrict][6][4][36],
		const nn_v V[restrict][6][4][36],
		nn_v S[restrict][6][4][33],
		 const int g, const int n, const int band)
{
	(void)t;
	(void)g;
	(void)n;
	(void)band;
	for (int p = 0; p < 3; p++)
	for (int q = 0; q < 6; q++)
	{
		{
			const int k0 = 0;
			{
				for (int c0 = 0; c0 < 30; c0 += 3)
						k20_dconv2_weight_D_3_tile(t, D, V, S, p, q, k0, 4, c0, 3, g, n, band);
				{
					const int c0 = 30;
						k20_dconv2_weight_D_3_tile(t, D, V, S, p, q, k0, 4, c0, 2, g, n, band);
				}
			}
		}
	}
}

NN_KERNEL void k20_dconv2_weight_D(const nn_task *t,
		const nn_v dy[restrict][4][12][11],
		const nn_v y[restrict][4][12][11],
		nn_v S[restrict][6][4][33])
{
	const int live = t->run->live;
	nn_v D[3][6][4][36];
	nn_v V[3][6][4][36];
	const nn_span part = nn_share(t, 2);
	for (int n = 0; n < (live + 3) / 4; n++)
	for (int band = 0; band < 1; band++)
	for (int g = part.from; g < part.to; g++)
	{
		k20_dconv2_weight_D_1(t, dy, D, g, n, band);
		k20_dconv2_weight_D_2(t, y, V, g, n, band);
		k20_dconv2_weight_D_3(t, D, V, S, g, n, band);
	}
}

/* k21_dconv2_weight  (line 5 conv)
 *
 *   dweight[k,c,r,s] = sum{p,q} Gt[r,p] * Gt[s,q] * S[p,q,k,c]
 *
 *   k 32  c 32  r 3  s 3  p 6  q 6
 *   0.000 Mflop, 184.5 kB; no tile */
NN_KERNEL void k21_dconv2_weight(const nn_task *t,
		const nn_v S[restrict][6][4][33],
		nn_v dweight[restrict][32][3][3])
{
	const nn_span part = nn_share(t, 4 * 32);
	for (int piece = part.from; piece < part.to; piece++)
	{
		const int k = piece / 32;
		const int c = piece % 32;
		{
			{
				nn_v h[3][6], o[3][3];
				NN_UNROLL for (int q = 0; q < 6; q++)
				{
					nn_v d[6];
					NN_UNROLL for (int p = 0; p < 6; p++)
						d[p] = S[p][q][k][c];
					const nn_v sum1 = d[1] + d[2], dif1 = d[1] - d[2];
					const nn_v sum3 = d[3] + d[4], dif3 = d[3] - d[4];
					h[0][q] = (nn_real)0.25 * d[0] - (nn_real)0.16666666666666666 * sum1 + (nn_real)0.041666666666666664 * sum3;
					h[1][q] = -(nn_real)0.16666666666666666 * dif1 + (nn_real)0.083333333333333329 * dif3;
					h[2][q] = -(nn_real)0.16666666666666666 * sum1 + (nn_real)0.16666666666666666 * sum3 + d[5];
				}
				NN_UNROLL for (int r = 0; r < 3; r++)
				{
					const nn_v sum1 = h[r][1] + h[r][2], dif1 = h[r][1] - h[r][2];
					const nn_v sum3 = h[r][3] + h[r][4], dif3 = h[r][3] - h[r][4];
					o[r][0] = (nn_real)0.25 * h[r][0] - (nn_real)0.16666666666666666 * sum1 + (nn_real)0.041666666666666664 * sum3;
					o[r][1] = -(nn_real)0.16666666666666666 * dif1 + (nn_real)0.083333333333333329 * dif3;
					o[r][2] = -(nn_real)0.16666666666666666 * sum1 + (nn_real)0.16666666666666666 * sum3 + h[r][5];
				}
				NN_UNROLL for (int r = 0; r < 3; r++)
				NN_UNROLL for (int s = 0; s < 3; s++)
					dweight[k][c][r][s] = o[r][s];
			}
		}
	}
}

/* k22_dconv1_y  (line 4 relu, line 4 conv)
 *
 *   dy2[n,c,h,w] = ifgt(y[n,c,h,w], 0, dy[n,c,h,w], 0)
 *   by_image[n,c] = sum{h,w} dy2[n,c,h,w]
 *
 *   n 4  c 32  h 12  w 11
 *   0.034 Mflop, 198.5 kB; no tile */
NN_KERNEL void k22_dconv1_y(const nn_task *t,
		const nn_v y[restrict][4][12][11],
		const nn_v dy[restrict][4][12][11],
		nn_v dy2[restrict][4][12][11],
		nn_v by_image[restrict][4])
{
	const int live = t->run->live;
	const nn_span part = nn_share(t, live);
	for (int n = part.from; n < part.to; n++)
	for (int c = 0; c < 4; c++)
	{
		nn_v acc1 = nn_splat(0);
		for (int h = 0; h < 12; h++)
		for (int w = 0; w < 11; w++)
		{
			dy2[n][c][h][w] = nn_ifgt(y[n][c][h][w], nn_splat(0), dy[n][c][h][w], nn_splat(0));
			acc1 += dy2[n][c][h][w];
		}
		by_image[n][c] = acc1;
	}
}

/* k23_dconv1_bias  (line 4 conv)
 *
 *   dbias[k] = sum{n} by_image[n,k]
 *   d[k] = dbias[k]
 *   momentum_buffer[k] = d[k]
 *   bias[k] := bias[k] - hyper0 * momentum_buffer[k]
 *
 *   k 32  n 4
 *   0.000 Mflop, 0.8 kB; no tile */
NN_KERNEL void k23_dconv1_bias(const nn_task *t,
		const nn_v by_image[restrict][4],
		nn_v dbias[restrict],
		nn_v bias[restrict])
{
	const int live = t->run->live;
	const nn_real u0 = (nn_real)t->run->hyper[0];
	const nn_span part = nn_share(t, 4);
	for (int k = part.from; k < part.to; k++)
	{
		{
			nn_v acc = nn_splat(0);
			for (int n = 0; n < live; n++)
				acc += by_image[n][k];
			dbias[k] = acc;
		}
		const nn_v d = dbias[k];
		const nn_v momentum_buffer = d;
		bias[k] = bias[k] - u0 * momentum_buffer;
	}
}

/* k24_dconv1_weight  (line 4 conv)
 *
 *   dweight[k,c,r,s] = sum{n,i,j} dy[n,k,i,j] * x[n,c,r+i-1,s+j-1]
 *
 *   k 32  c 3  r 3  s 3  n 4  i 12  j 11
 *   0.809 Mflop, 75.6 kB; tile: 3 c x 3 s, 9 accumulators */
NN_INLINE void k24_dconv1_weight_tile(const nn_task *t,
		const nn_v dy[restrict][4][12][11],
		const nn_real x[restrict][3][12][11],
		nn_v dweight[restrict][3][3][3],
		const int k, const int c0, const int cn, const int r, const int s0, const int sn,
		const int n, const int row_from, const int row_to, const int first)
{
	(void)t;
	nn_v acc[3][3];
	NN_UNROLL for (int ct = 0; ct < cn; ct++)
	NN_UNROLL for (int st = 0; st < sn; st++)
		acc[ct][st] = first ? nn_splat(0) : dweight[k][c0 + ct][r][s0 + st];
	NN_UNROLL for (int ct = 0; ct < cn; ct++)
	{
		NN_AHEAD(&dweight[k][c0 + ct][r][s0] + sn, sn, 0);
	}
	for (int i = nn_most(row_from, nn_lo(r - 1, 1)); i < nn_least(row_to, nn_hi(r - 1, 1, 12, 12)); i++)
	{
		NN_UNROLL for (int j = 0; j < 1; j++)
		{
			NN_STEP;
			NN_UNROLL for (int ct = 0; ct < cn; ct++)
			NN_UNROLL for (int st = 0; st < sn; st++)
			if ((unsigned)(s0 + st + j - 1) < 11u)
				acc[ct][st] += dy[n][k][i][j] * x[n][c0 + ct][r + i - 1][s0 + st + j - 1];
		}
		for (int j = 1; j < 10; j++)
		{
			NN_STEP;
			NN_UNROLL for (int ct = 0; ct < cn; ct++)
			NN_UNROLL for (int st = 0; st < sn; st++)
				acc[ct][st] += dy[n][k][i][j] * x[n][c0 + ct][r + i - 1][s0 + st + j - 1];
		}
		NN_UNROLL for (int j = 10; j < 11; j++)
		{
			NN_STEP;
			NN_UNROLL for (int ct = 0; ct < cn; ct++)
			NN_UNROLL for (int st = 0; st < sn; st++)
			if ((unsigned)(s0 + st + j - 1) < 11u)
				acc[ct][st] += dy[n][k][i][j] * x[n][c0 + ct][r + i - 1][s0 + st + j - 1];
		}
	}
	NN_UNROLL for (int ct = 0; ct < cn; ct++)
	NN_UNROLL for (int st = 0; st < sn; st++)
		dweight[k][c0 + ct][r][s0 + st] = acc[ct][st];
}

NN_KERNEL void k24_dconv1_weight(const nn_task *t,
		const nn_v dy[restrict][4][12][11],
		const nn_real x[restrict][3][12][11],
		nn_v dweight[restrict][3][3][3])
{
	const int live = t->run->live;
	const nn_span part = nn_share(t, 4);
	for (int k = part.from; k < part.to; k++)
	{
		for (int n = 0; n < live; n++)
		for (int row_from = 0; row_from < 12; row_from += 12)
		{
			const int row_to = nn_least(row_from + 12, 12);
			const int first = n == 0 && row_from == 0;
			{
				{
					const int c0 = 0;
					for (int r = 0; r < 3; r++)
					{
						{
							const int s0 = 0;
								k24_dconv1_weight_tile(t, dy, x, dweight, k, c0, 3, r, s0, 3, n, row_from, row_to, first);
						}
					}
				}
			}
		}
	}
}

/* k25_conv1_weight_d  (optimizer)
 *
 *   d[k,c,r,s] = dweight[k,c,r,s]
 *   momentum_buffer[k,c,r,s] = d[k,c,r,s]
 *   weight[k,c,r,s] := weight[k,c,r,s] - hyper0 * momentum_buffer[k,c,r,s]
 *
 *   k 32  c 3  r 3  s 3
 *   0.002 Mflop, 6.8 kB; one row of vectors */
NN_KERNEL void k25_conv1_weight_d(const nn_task *t,
		const nn_v dweight[restrict],
		nn_v weight[restrict])
{
	const nn_real u0 = (nn_real)t->run->hyper[0];
	const nn_span part = nn_share(t, 108);
	for (int e = part.from; e < part.to; e++)
	{
		const nn_v d = dweight[e];
		const nn_v momentum_buffer = d;
		weight[e] = weight[e] - u0 * momentum_buffer;
	}
}

/* k26_conv2_weight_d  (optimizer)
 *
 *   d[k,c,r,s] = dweight[k,c,r,s]
 *   momentum_buffer[k,c,r,s] = d[k,c,r,s]
 *   weight[k,c,r,s] := weight[k,c,r,s] - hyper0 * momentum_buffer[k,c,r,s]
 *
 *   k 32  c 32  r 3  s 3
 *   0.018 Mflop, 72.0 kB; one row of vectors */
NN_KERNEL void k26_conv2_weight_d(const nn_task *t,
		const nn_v dweight[restrict],
		nn_v weight[restrict])
{
	const nn_real u0 = (nn_real)t->run->hyper[0];
	const nn_span part = nn_share(t, 1152);
	for (int e = part.from; e < part.to; e++)
	{
		const nn_v d = dweight[e];
		const nn_v momentum_buffer = d;
		weight[e] = weight[e] - u0 * momentum_buffer;
	}
}

/* k27_eval_conv1_sum  (line 4 conv, line 4 relu)
 *
 *   sum[n,k,i,j] = sum{c,r,s} x[n,c,i+r-1,j+s-1] * weight[k,c,r,s]
 *   y[n,k,i,j] = bias[k] + sum[n,k,i,j]
 *   y2[n,k,i,j] = max(0, y[n,k,i,j])
 *
 *   n 4  k 32  i 12  j 11  c 3  r 3  s 3
 *   0.843 Mflop, 75.7 kB; tile: 11 j, 11 accumulators */
NN_INLINE void k27_eval_conv1_sum_tile(const nn_task *t,
		const nn_real x[restrict][3][12][11],
		const nn_v weight[restrict][3][3][3],
		const nn_v bias[restrict],
		nn_v y2[restrict][4][12][11],
		const int n, const int i, const int k, const int j0, const int jn, const int edge)
{
	(void)t;
	nn_v acc[11];
	NN_UNROLL for (int jt = 0; jt < 11; jt++)
		acc[jt] = nn_splat(0);
	for (int c = 0; c < 3; c++)
	for (int r = nn_lo(i - 1, 1); r < nn_hi(i - 1, 1, 12, 3); r++)
	NN_UNROLL for (int s = 0; s < 3; s++)
	{
		NN_STEP;
		NN_UNROLL for (int jt = 0; jt < jn; jt++)
		if ((!edge || (unsigned)(j0 + jt + s - 1) < 11u))
			acc[jt] += x[n][c][i + r - 1][j0 + jt + s - 1] * weight[k][c][r][s];
	}
	NN_UNROLL for (int jt = 0; jt < jn; jt++)
	{
		const nn_v sum = acc[jt];
		const nn_v y = bias[k] + sum;
		y2[n][k][i][j0 + jt] = nn_max(nn_splat(0), y);
	}
}

NN_KERNEL void k27_eval_conv1_sum(const nn_task *t,
		const nn_real x[restrict][3][12][11],
		const nn_v weight[restrict][3][3][3],
		const nn_v bias[restrict],
		nn_v y2[restrict][4][12][11])
{
	const int live = t->run->live;
	const nn_span part = nn_share(t, live);
	for (int n = part.from; n < part.to; n++)
	for (int i = 0; i < 12; i++)
	for (int k = 0; k < 4; k++)
	{
		{
			const int j0 = 0;
				k27_eval_conv1_sum_tile(t, x, weight, bias, y2, n, i, k, j0, 11, 1);
		}
	}
}

/* k28_eval_conv2_sum_U  (line 5 conv)
 *
 *   U[p,q,k,c] = sum{a,b} G[p,a] * G[q,b] * weight[k,c,a,b]
 *
 *   k 32  c 32  p 6  q 6  a 3  b 3
 *   0.000 Mflop, 184.5 kB; no tile */
NN_KERNEL void k28_eval_conv2_sum_U(const nn_task *t,
		const nn_v weight[restrict][32][3][3],
		nn_v U[restrict][6][4][33])
{
	const nn_span part = nn_share(t, 4 * 32);
	for (int piece = part.from; piece < part.to; piece++)
	{
		const int k = piece / 32;
		const int c = piece % 32;
		{
			{
				nn_v h[6][3], o[6][6];
				NN_UNROLL for (int b = 0; b < 3; b++)
				{
					nn_v d[3];
					NN_UNROLL for (int a = 0; a < 3; a++)
						d[a] = weight[k][c][a][b];
					h[0][b] = (nn_real)0.25 * d[0];
					const nn_v even1 = -(nn_real)0.16666666666666666 * d[0] - (nn_real)0.16666666666666666 * d[2], odd1 = d[1];
					h[1][b] = even1 - (nn_real)0.16666666666666666 * odd1;
					h[2][b] = even1 + (nn_real)0.16666666666666666 * odd1;
					const nn_v even3 = (nn_real)0.041666666666666664 * d[0] + (nn_real)0.16666666666666666 * d[2], odd3 = d[1];
					h[3][b] = even3 + (nn_real)0.083333333333333329 * odd3;
					h[4][b] = even3 - (nn_real)0.083333333333333329 * odd3;
					h[5][b] = d[2];
				}
				NN_UNROLL for (int p = 0; p < 6; p++)
				{
					o[p][0] = (nn_real)0.25 * h[p][0];
					const nn_v even1 = -(nn_real)0.16666666666666666 * h[p][0] - (nn_real)0.16666666666666666 * h[p][2], odd1 = h[p][1];
					o[p][1] = even1 - (nn_real)0.16666666666666666 * odd1;
					o[p][2] = even1 + (nn_real)0.16666666666666666 * odd1;
					const nn_v even3 = (nn_real)0.041666666666666664 * h[p][0] + (nn_real)0.16666666666666666 * h[p][2], odd3 = h[p][1];
					o[p][3] = even3 + (nn_real)0.083333333333333329 * odd3;
					o[p][4] = even3 - (nn_real)0.083333333333333329 * odd3;
					o[p][5] = h[p][2];
				}
				NN_UNROLL for (int p = 0; p < 6; p++)
				NN_UNROLL for (int q = 0; q < 6; q++)
					U[p][q][k][c] = o[p][q];
			}
		}
	}
}

/* k29_eval_conv2_sum_V  (line 5 conv)
 *
 *   V[n,band,p,q,c,3u+v] = sum{a,b} B[p,a] * B[q,b] * y[n,c,12band+4u+a-1,4v+b-1]
 *   M[n,band,p,q,k,z] = sum{c} V[n,band,p,q,c,z] * U[p,q,k,c]
 *   sum[n,k,12band+4u+a,4v+b] = sum{p,q} A[a,p] * A[b,q] * M[n,band,p,q,k,3u+v]
 *
 *   n 4  band 1  c 32  u 3  v 3  p 6  q 6  a 6  b 6  k 32  z 9  a 4  b 4
 *   8.634 Mflop, 280.5 kB; no tile */
static void k29_eval_conv2_sum_V_1(const nn_task *t,
		const nn_v y[restrict][4][12][11],
		nn_v V[restrict][6][4][9],
		 const int n, const int band)
{
	(void)t;
	(void)n;
	(void)band;
	for (int c = 0; c < 4; c++)
	for (int u = 0; u < 3; u++)
	for (int v = 0; v < 3; v++)
	{
		{
			nn_v h[6][6], o[6][6];
			NN_UNROLL for (int a = 6; a < 10; a++)
				NN_AHEAD(&y[n][c][0][0] + 11 * (12 * band + 4 * u + a - 1) + 4 * v, 4, 0);
			if ((unsigned)(12 * band + 4 * u - 1) < 12u && (unsigned)(4 * v - 1) < 11u && (unsigned)(12 * band + 4 * u + 4) < 12u && (unsigned)(4 * v + 4) < 11u)
			{
				NN_UNROLL for (int b = 0; b < 6; b++)
				{
					nn_v d[6];
					NN_UNROLL for (int a = 0; a < 6; a++)
						d[a] = y[n][c][12 * band + 4 * u + a - 1][4 * v + b - 1];
					h[0][b] = 4 * d[0] - 5 * d[2] + d[4];
					const nn_v even1 = -4 * d[2] + d[4], odd1 = -4 * d[1] + d[3];
					h[1][b] = even1 + odd1;
					h[2][b] = even1 - odd1;
					const nn_v even3 = -d[2] + d[4], odd3 = d[1] - d[3];
					h[3][b] = even3 - 2 * odd3;
					h[4][b] = even3 + 2 * odd3;
					h[5][b] = 4 * d[1] - 5 * d[3] + d[5];
				}
			}
			else
			{
				NN_UNROLL for (int b = 0; b < 6; b++)
				{
					nn_v d[6];
					NN_UNROLL for (int a = 0; a < 6; a++)
						d[a] = ((unsigned)(12 * band + 4 * u + a - 1) < 12u && (unsigned)(4 * v + b - 1) < 11u ? y[n][c][12 * band + 4 * u + a - 1][4 * v + b - 1] : nn_splat(0));
					h[0][b] = 4 * d[0] - 5 * d[2] + d[4];
					const nn_v even1 = -4 * d[2] + d[4], odd1 = -4 * d[1] + d[3];
					h[1][b] = even1 + odd1;
					h[2][b] = even1 - odd1;
					const nn_v even3 = -d[2] + d[4], odd3 = d[1] - d[3];
					h[3][b] = even3 - 2 * odd3;
					h[4][b] = even3 + 2 * odd3;
					h[5][b] = 4 * d[1] - 5 * d[3] + d[5];
				}
			}
			NN_UNROLL for (int p = 0; p < 6; p++)
			{
				o[p][0] = 4 * h[p][0] - 5 * h[p][2] + h[p][4];
				const nn_v even1 = -4 * h[p][2] + h[p][4], odd1 = -4 * h[p][1] + h[p][3];
				o[p][1] = even1 + odd1;
				o[p][2] = even1 - odd1;
				const nn_v even3 = -h[p][2] + h[p][4], odd3 = h[p][1] - h[p][3];
				o[p][3] = even3 - 2 * odd3;
				o[p][4] = even3 + 2 * odd3;
				o[p][5] = 4 * h[p][1] - 5 * h[p][3] + h[p][5];
			}
			NN_UNROLL for (int p = 0; p < 6; p++)
			NN_UNROLL for (int q = 0; q < 6; q++)
				V[p][q][c][3 * u + v] = o[p][q];
		}
	}
}

NN_INLINE void k29_eval_conv2_sum_V_2_tile(const nn_task *t,
		const nn_v V[restrict][6][4][9],
		const nn_v U[restrict][6][4][33],
		nn_v M[restrict][6][4][9],
		const int p, const int q, const int k0, const int kn, const int z0, const int zn, const int n, const int band)
{
	(void)t;
	(void)n;
	(void)band;
	nn_v acc[4][3];
	NN_UNROLL for (int kt = 0; kt < 4; kt++)
	NN_UNROLL for (int zt = 0; zt < 3; zt++)
		acc[kt][zt] = nn_splat(0);
	for (int c0 = 0; c0 < 32; c0 += 8)
	NN_UNROLL for (int ct = 0; ct < 8; ct++)
	{
		NN_STEP;
		NN_UNROLL for (int kt = 0; kt < kn; kt++)
		NN_UNROLL for (int zt = 0; zt < zn; zt++)
			acc[kt][zt] += NN_AT(V[p][q][c0 / 8][z0 + zt], ct) * U[p][q][k0 + kt][c0 + ct];
	}
	NN_UNROLL for (int kt = 0; kt < kn; kt++)
	NN_UNROLL for (int zt = 0; zt < zn; zt++)
	{
		M[p][q][k0 + kt][z0 + zt] = acc[kt][zt];
	}
}

static void k29_eval_conv2_sum_V_2(const nn_task *t,
		const nn_v V[restrict][6][4][9],
		const nn_v U[restrict][6][4][33],
		nn_v M[restrict][6][4][9],
		 const int n, const int band)
{
	(void)t;
	(void)n;
	(void)band;
	for (int p = 0; p < 6; p++)
	for (int q = 0; q < 6; q++)
	{
		{
			const int k0 = 0;
			{
				for (int z0 = 0; z0 < 9; z0 += 3)
						k29_eval_conv2_sum_V_2_tile(t, V, U, M, p, q, k0, 4, z0, 3, n, band);
			}
		}
	}
}

static void k29_eval_conv2_sum_V_3(const nn_task *t,
		const nn_v M[restrict][6][4][9],
		nn_v sum[restrict][4][12][11],
		 const int n, const int band)
{
	(void)t;
	(void)n;
	(void)band;
	for (int k = 0; k < 4; k++)
	for (int u = 0; u < 3; u++)
	for (int v = 0; v < 3; v++)
	{
		{
			nn_v h[4][6], o[4][4];
			NN_UNROLL for (int a = 4; a < 8; a++)
				NN_AHEAD(&sum[n][k][0][0] + 11 * (12 * band + 4 * u + a) + 4 * v, 4, 1);
			NN_UNROLL for (int q = 0; q < 6; q++)
			{
				nn_v d[6];
				NN_UNROLL for (int p = 0; p < 6; p++)
					d[p] = M[p][q][k][3 * u + v];
				const nn_v sum1 = d[1] + d[2], dif1 = d[1] - d[2];
				const nn_v sum3 = d[3] + d[4], dif3 = d[3] - d[4];
				h[0][q] = d[0] + sum1 + sum3;
				h[1][q] = dif1 + 2 * dif3;
				h[2][q] = sum1 + 4 * sum3;
				h[3][q] = dif1 + 8 * dif3 + d[5];
			}
			NN_UNROLL for (int a = 0; a < 4; a++)
			{
				const nn_v sum1 = h[a][1] + h[a][2], dif1 = h[a][1] - h[a][2];
				const nn_v sum3 = h[a][3] + h[a][4], dif3 = h[a][3] - h[a][4];
				o[a][0] = h[a][0] + sum1 + sum3;
				o[a][1] = dif1 + 2 * dif3;
				o[a][2] = sum1 + 4 * sum3;
				o[a][3] = dif1 + 8 * dif3 + h[a][5];
			}
			if ((unsigned)(4 * v + 3) < 11u)
			{
				NN_UNROLL for (int a = 0; a < 4; a++)
				NN_UNROLL for (int b = 0; b < 4; b++)
					sum[n][k][12 * band + 4 * u + a][4 * v + b] = o[a][b];
			}
			else
			{
				NN_UNROLL for (int a = 0; a < 4; a++)
				NN_UNROLL for (int b = 0; b < 4; b++)
				if ((unsigned)(4 * v + b) < 11u)
					sum[n][k][12 * band + 4 * u + a][4 * v + b] = o[a][b];
			}
		}
	}
}

NN_KERNEL void k29_eval_conv2_sum_V(const nn_task *t,
		const nn_v y[restrict][4][12][11],
		const nn_v U[restrict][6][4][33],
		nn_v sum[restrict][4][12][11])
{
	const int live = t->run->live;
	nn_v V[6][6][4][9];
	nn_v M[6][6][4][9];
	const nn_span part = nn_share(t, live);
	for (int n = part.from; n < part.to; n++)
	for (int band = 0; band < 1; band++)
	{
		k29_eval_conv2_sum_V_1(t, y, V, n, band);
		k29_eval_conv2_sum_V_2(t, V, U, M, n, band);
		k29_eval_conv2_sum_V_3(t, M, sum, n, band);
	}
}

/* k30_eval_conv2_y  (line 5 conv, line 6 global_avg_pool)
 *
 *   y[n,k,i,j] = bias[k] + sum[n,k,i,j]
 *   sum2[n,k] = sum{i,j} y[n,k,i,j]
 *
 *   n 4  k 32  i 12  j 11
 *   0.034 Mflop, 66.6 kB; no tile */
NN_KERNEL void k30_eval_conv2_y(const nn_task *t,
		const nn_v bias[restrict],
		const nn_v sum[restrict][4][12][11],
		nn_v sum2[restrict][4])
{
	const int live = t->run->live;
	const nn_span part = nn_share(t, live);
	for (int n = part.from; n < part.to; n++)
	for (int k = 0; k < 4; k++)
	{
		nn_v acc1 = nn_splat(0);
		for (int i = 0; i < 12; i++)
		for (int j = 0; j < 11; j++)
		{
			const nn_v y = bias[k] + sum[n][k][i][j];
			acc1 += y;
		}
		sum2[n][k] = acc1;
	}
}

/* k31_eval_global_avg_pool1_y  (line 6 global_avg_pool)
 *
 *   y[n,c,0,0] = sum[n,c] * 0.00757576
 *
 *   n 4  c 32
 *   0.000 Mflop, 1.0 kB; no tile */
NN_KERNEL void k31_eval_global_avg_pool1_y(const nn_task *t,
		const nn_v sum[restrict][4],
		nn_v y[restrict][4][1][1])
{
	const int live = t->run->live;
	const nn_span part = nn_share(t, live);
	for (int n = part.from; n < part.to; n++)
	for (int c = 0; c < 4; c++)
	{
		y[n][c][0][0] = sum[n][c] * (nn_real)0.007575757575757576;
	}
}

/* k32_eval_dense1_sum  (line 7 dense)
 *
 *   sum[n,k] = sum{c} y[n,c,0,0] * weight[k,c,0,0]
 *   output[n,k] = bias[k] + sum[n,k]
 *
 *   n 4  k 8  c 32
 *   0.002 Mflop, 1.7 kB; tile: 2 n, 2 accumulators */
NN_INLINE void k32_eval_dense1_sum_tile(const nn_task *t,
		const nn_v y[restrict][4][1][1],
		const nn_v weight[restrict][32][1][1],
		const nn_v bias[restrict],
		nn_v output[restrict][1],
		const int n0, const int nn, const int k)
{
	(void)t;
	nn_v acc[2];
	NN_UNROLL for (int nt = 0; nt < 2; nt++)
		acc[nt] = nn_splat(0);
	for (int c0 = 0; c0 < 32; c0 += 8)
	NN_UNROLL for (int ct = 0; ct < 8; ct++)
	{
		NN_STEP;
		NN_UNROLL for (int nt = 0; nt < nn; nt++)
			acc[nt] += NN_AT(y[n0 + nt][c0 / 8][0][0], ct) * weight[k][c0 + ct][0][0];
	}
	NN_UNROLL for (int nt = 0; nt < nn; nt++)
	{
		const nn_v sum = acc[nt];
		output[n0 + nt][k] = bias[k] + sum;
	}
}

NN_KERNEL void k32_eval_dense1_sum(const nn_task *t,
		const nn_v y[restrict][4][1][1],
		const nn_v weight[restrict][32][1][1],
		const nn_v bias[restrict],
		nn_v output[restrict][1])
{
	const int live = t->run->live;
	const nn_span part = nn_share(t, live);
	{
		int n0 = part.from;
		for (; n0 + 2 <= part.to; n0 += 2)
			for (int k = 0; k < 1; k++)
				k32_eval_dense1_sum_tile(t, y, weight, bias, output, n0, 2, k);
		for (; n0 < part.to; n0++)
			for (int k = 0; k < 1; k++)
				k32_eval_dense1_sum_tile(t, y, weight, bias, output, n0, 1, k);
	}
}

/* k33_eval_m  (loss)
 *
 *   m[n] = max{c} output[n,c]
 *   z[n] = sum{c} exp(output[n,c] - m[n])
 *   l[n] = log(z[n])
 *
 *   n 4  c 8
 *   0.000 Mflop, 0.2 kB; no tile */
NN_KERNEL void k33_eval_m(const nn_task *t,
		const nn_v output[restrict][1],
		nn_real m[restrict],
		nn_real l[restrict])
{
	const int live = t->run->live;
	const nn_span part = nn_share(t, live);
	for (int n = part.from; n < part.to; n++)
	{
		{
			nn_v acc = nn_splat(-INFINITY);
			for (int c = 0; c < 1; c++)
			{
				const nn_v v = output[n][c];
				acc = nn_ifabove(v, acc, v, acc);
			}
			m[n] = nn_hmax(acc);
		}
		nn_real z;
		{
			nn_v acc = nn_splat(0);
			for (int c2 = 0; c2 < 1; c2++)
				acc += nn_exp(output[n][c2] - m[n]);
			z = nn_sum(acc);
		}
		l[n] = nn_log(nn_splat(z))[0];
	}
}

/* k34_eval_q  (loss)
 *
 *   q[n,c] = ifeq(target[n], (c), 1, 0)
 *
 *   n 4  c 8
 *   0.000 Mflop, 0.2 kB; no tile */
NN_KERNEL void k34_eval_q(const nn_task *t,
		const nn_real target[restrict],
		nn_v q[restrict][1])
{
	const int live = t->run->live;
	const nn_span part = nn_share(t, live);
	for (int n = part.from; n < part.to; n++)
	for (int c = 0; c < 1; c++)
	{
		q[n][c] = nn_ifeq(nn_splat(target[n]), (nn_real)(8 * c) + 1 * nn_iota(), nn_splat(1), nn_splat(0));
	}
}

/* k35_eval_loss  (loss)
 *
 *   loss[n] = sum{c} q[n,c] * (l[n] - (output[n,c] - m[n]))
 *
 *   n 4  c 8
 *   0.000 Mflop, 0.3 kB; tile: 2 n, 2 accumulators */
NN_INLINE void k35_eval_loss_tile(const nn_task *t,
		const nn_v q[restrict][1],
		const nn_real l[restrict],
		const nn_v output[restrict][1],
		const nn_real m[restrict],
		nn_real loss[restrict],
		const int n0, const int nn)
{
	(void)t;
	nn_real acc[2];
	NN_UNROLL for (int nt = 0; nt < 2; nt++)
		acc[nt] = 0;
	for (int c = 0; c < 8; c++)
	NN_UNROLL for (int nt = 0; nt < nn; nt++)
		acc[nt] += NN_AT(q[n0 + nt][c / 8], c % 8) * (l[n0 + nt] - (NN_AT(output[n0 + nt][c / 8], c % 8) - m[n0 + nt]));
	NN_UNROLL for (int nt = 0; nt < nn; nt++)
	{
		loss[n0 + nt] = acc[nt];
	}
}

NN_KERNEL void k35_eval_loss(const nn_task *t,
		const nn_v q[restrict][1],
		const nn_real l[restrict],
		const nn_v output[restrict][1],
		const nn_real m[restrict],
		nn_real loss[restrict])
{
	const int live = t->run->live;
	const nn_span part = nn_share(t, live);
	{
		int n0 = part.from;
		for (; n0 + 2 <= part.to; n0 += 2)
				k35_eval_loss_tile(t, q, l, output, m, loss, n0, 2);
		for (; n0 < part.to; n0++)
				k35_eval_loss_tile(t, q, l, output, m, loss, n0, 1);
	}
}

/* k36_eval_sum  (loss)
 *
 *   sum[0] = sum{n} loss[n]
 *   loss2[0] = sum[0] / batch
 *
 *   n 4
 *   0.000 Mflop, 0.1 kB; no tile */
NN_KERNEL void k36_eval_sum(const nn_task *t,
		const nn_real loss[restrict],
		nn_real loss2[restrict])
{
	if (t->thread != 0)
		return;
	const int live = t->run->live;
	const nn_real u0 = (nn_real)(double)t->run->live;
	{
		nn_real sum;
		{
			nn_real acc = 0;
			for (int n = 0; n < live; n++)
				acc += loss[n];
			sum = acc;
		}
		loss2[0] = sum / u0;
	}
}

