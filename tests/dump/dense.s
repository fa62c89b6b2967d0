/* k00_dense1_sum  (line 5 dense, line 5 tanh)
 *
 *   sum[n,k] = sum{c} x[n,c] * weight[k,c]
 *   y[n,k] = bias[k] + sum[n,k]
 *   y2[n,k] = tanh(y[n,k])
 *
 *   n 16  k 7  c 5
 *   0.001 Mflop, 0.9 kB; tile: 7 k, 7 accumulators */
NN_INLINE void k00_dense1_sum_tile(const nn_task *t,
		const nn_v x[restrict][5],
		const nn_real weight[restrict][5],
		const nn_real bias[restrict],
		nn_v y2[restrict][7],
		const int n, const int k0, const int kn)
{
	const int live = t->run->live;
	nn_v acc[7];
	NN_UNROLL for (int kt = 0; kt < 7; kt++)
		acc[kt] = nn_splat(0);
	for (int c = 0; c < 5; c++)
	{
		NN_STEP;
		NN_UNROLL for (int kt = 0; kt < kn; kt++)
			acc[kt] += x[n][c] * weight[k0 + kt][c];
	}
	NN_UNROLL for (int kt = 0; kt < kn; kt++)
	{
		const nn_v sum = acc[kt];
		const nn_v y = bias[k0 + kt] + sum;
		y2[n][k0 + kt] = nn_first(live - 8 * n, nn_tanh(y));
	}
}

NN_KERNEL void k00_dense1_sum(const nn_task *t,
		const nn_v x[restrict][5],
		const nn_real weight[restrict][5],
		const nn_real bias[restrict],
		nn_v y2[restrict][7])
{
	const int live = t->run->live;
	const int blocks = (live + 7) / 8;
	const nn_span part = nn_share(t, blocks);
	for (int n = part.from; n < part.to; n++)
	{
		{
			const int k0 = 0;
				k00_dense1_sum_tile(t, x, weight, bias, y2, n, k0, 7);
		}
	}
}

/* k01_dense2_sum  (line 6 dense)
 *
 *   sum[n,k] = sum{c} y[n,c] * weight[k,c]
 *   output[n,k] = bias[k] + sum[n,k]
 *
 *   n 16  k 3  c 7
 *   0.001 Mflop, 0.8 kB; tile: 3 k, 3 accumulators */
NN_INLINE void k01_dense2_sum_tile(const nn_task *t,
		const nn_v y[restrict][7],
		const nn_real weight[restrict][7],
		const nn_real bias[restrict],
		nn_v output[restrict][3],
		const int n, const int k0, const int kn)
{
	(void)t;
	nn_v acc[3];
	NN_UNROLL for (int kt = 0; kt < 3; kt++)
		acc[kt] = nn_splat(0);
	for (int c = 0; c < 7; c++)
	{
		NN_STEP;
		NN_UNROLL for (int kt = 0; kt < kn; kt++)
			acc[kt] += y[n][c] * weight[k0 + kt][c];
	}
	NN_UNROLL for (int kt = 0; kt < kn; kt++)
	{
		const nn_v sum = acc[kt];
		output[n][k0 + kt] = bias[k0 + kt] + sum;
	}
}

NN_KERNEL void k01_dense2_sum(const nn_task *t,
		const nn_v y[restrict][7],
		const nn_real weight[restrict][7],
		const nn_real bias[restrict],
		nn_v output[restrict][3])
{
	const int live = t->run->live;
	const int blocks = (live + 7) / 8;
	const nn_span part = nn_share(t, blocks);
	for (int n = part.from; n < part.to; n++)
	{
		{
			const int k0 = 0;
				k01_dense2_sum_tile(t, y, weight, bias, output, n, k0, 3);
		}
	}
}

/* k02_loss_m  (loss)
 *
 *   m[n] = max{c} output[n,c]
 *   z[n] = sum{c} exp(output[n,c] - m[n])
 *   l[n] = log(z[n])
 *
 *   n 16  c 3
 *   0.000 Mflop, 0.3 kB; no tile */
NN_KERNEL void k02_loss_m(const nn_task *t,
		const nn_v output[restrict][3],
		nn_v m[restrict],
		nn_v l[restrict])
{
	const int live = t->run->live;
	const int blocks = (live + 7) / 8;
	const nn_span part = nn_share(t, blocks);
	for (int n = part.from; n < part.to; n++)
	{
		{
			nn_v acc = nn_splat(-INFINITY);
			for (int c = 0; c < 3; c++)
			{
				const nn_v v = output[n][c];
				acc = nn_ifabove(v, acc, v, acc);
			}
			m[n] = acc;
		}
		nn_v z;
		{
			nn_v acc = nn_splat(0);
			for (int c2 = 0; c2 < 3; c2++)
				acc += nn_exp(output[n][c2] - m[n]);
			z = acc;
		}
		l[n] = nn_log(z);
	}
}

/* k03_loss_q  (loss)
 *
 *   q[n,c] = ifeq(target[n], (c), 1, 0)
 *
 *   n 16  c 3
 *   0.000 Mflop, 0.2 kB; no tile */
NN_KERNEL void k03_loss_q(const nn_task *t,
		const nn_v target[restrict],
		nn_v q[restrict][3])
{
	const int live = t->run->live;
	const int blocks = (live + 7) / 8;
	const nn_span part = nn_share(t, blocks);
	for (int n = part.from; n < part.to; n++)
	for (int c = 0; c < 3; c++)
	{
		q[n][c] = nn_ifeq(target[n], nn_splat((nn_real)(c)), nn_splat(1), nn_splat(0));
	}
}

/* k04_loss_loss  (loss)
 *
 *   loss[n] = sum{c} q[n,c] * (l[n] - (output[n,c] - m[n]))
 *
 *   n 16  c 3
 *   0.000 Mflop, 0.6 kB; no tile */
NN_KERNEL void k04_loss_loss(const nn_task *t,
		const nn_v q[restrict][3],
		const nn_v l[restrict],
		const nn_v output[restrict][3],
		const nn_v m[restrict],
		nn_v loss[restrict])
{
	const int live = t->run->live;
	const int blocks = (live + 7) / 8;
	const nn_span part = nn_share(t, blocks);
	for (int n = part.from; n < part.to; n++)
	{
		{
			nn_v acc = nn_splat(0);
			for (int c = 0; c < 3; c++)
				acc += q[n][c] * (l[n] - (output[n][c] - m[n]));
			loss[n] = nn_first(live - 8 * n, acc);
		}
	}
}

/* k05_loss_sum  (loss)
 *
 *   sum[0] = sum{n} loss[n]
 *   loss2[0] = sum[0] / batch
 *
 *   n 16
 *   0.000 Mflop, 0.1 kB; no tile */
NN_KERNEL void k05_loss_sum(const nn_task *t,
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

/* k06_loss_s  (loss)
 *
 *   s[n] = sum{c} q[n,c]
 *   dy[n,c] = (exp(output[n,c] - m[n] - l[n]) * s[n] - q[n,c]) / batch
 *
 *   n 16  c 3
 *   0.000 Mflop, 0.7 kB; no tile */
NN_KERNEL void k06_loss_s(const nn_task *t,
		const nn_v q[restrict][3],
		const nn_v output[restrict][3],
		const nn_v m[restrict],
		const nn_v l[restrict],
		nn_v dy[restrict][3])
{
	const int live = t->run->live;
	const int blocks = (live + 7) / 8;
	const nn_real u0 = (nn_real)(double)t->run->live;
	const nn_span part = nn_share(t, blocks);
	for (int n = part.from; n < part.to; n++)
	{
		nn_v s;
		{
			nn_v acc = nn_splat(0);
			for (int c = 0; c < 3; c++)
				acc += q[n][c];
			s = acc;
		}
		NN_UNROLL for (int c2 = 0; c2 < 3; c2++)
		{
			dy[n][c2] = nn_first(live - 8 * n, (nn_exp(output[n][c2] - m[n] - l[n]) * s - q[n][c2]) / u0);
		}
	}
}

/* k07_ddense2_bias  (line 6 dense)
 *
 *   dbias[k] = sum{n} dy[n,k]
 *
 *   k 3  n 16
 *   0.000 Mflop, 0.2 kB; no tile */
NN_KERNEL void k07_ddense2_bias(const nn_task *t,
		const nn_v dy[restrict][3],
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
				acc += dy[n][k];
			dbias[k] = nn_sum(acc);
		}
	}
}

/* k08_dtanh1_y  (line 6 dense, line 5 tanh)
 *
 *   dy2[n,c] = sum{k} dy[n,k] * weight[k,c]
 *   dy3[n,c] = dy2[n,c] * (1 - y[n,c] * y[n,c])
 *
 *   n 16  c 7  k 3
 *   0.001 Mflop, 1.2 kB; tile: 7 c, 7 accumulators */
NN_INLINE void k08_dtanh1_y_tile(const nn_task *t,
		const nn_v dy[restrict][3],
		const nn_real weight[restrict][7],
		const nn_v y[restrict][7],
		nn_v dy3[restrict][7],
		const int n, const int c0, const int cn)
{
	const int live = t->run->live;
	nn_v acc[7];
	NN_UNROLL for (int ct = 0; ct < 7; ct++)
		acc[ct] = nn_splat(0);
	for (int k = 0; k < 3; k++)
	{
		NN_STEP;
		NN_UNROLL for (int ct = 0; ct < cn; ct++)
			acc[ct] += dy[n][k] * weight[k][c0 + ct];
	}
	NN_UNROLL for (int ct = 0; ct < cn; ct++)
	{
		const nn_v dy2 = acc[ct];
		dy3[n][c0 + ct] = nn_first(live - 8 * n, dy2 * (1 - y[n][c0 + ct] * y[n][c0 + ct]));
	}
}

NN_KERNEL void k08_dtanh1_y(const nn_task *t,
		const nn_v dy[restrict][3],
		const nn_real weight[restrict][7],
		const nn_v y[restrict][7],
		nn_v dy3[restrict][7])
{
	const int live = t->run->live;
	const int blocks = (live + 7) / 8;
	const nn_span part = nn_share(t, blocks);
	for (int n = part.from; n < part.to; n++)
	{
		{
			const int c0 = 0;
				k08_dtanh1_y_tile(t, dy, weight, y, dy3, n, c0, 7);
		}
	}
}

/* k09_ddense2_weight  (line 6 dense)
 *
 *   dweight[k,c] = sum{n} dy[n,k] * y[n,c]
 *
 *   k 3  c 7  n 16
 *   0.001 Mflop, 0.7 kB; tile: 3 k x 2 c, 6 accumulators */
NN_INLINE void k09_ddense2_weight_tile(const nn_task *t,
		const nn_v dy[restrict][3],
		const nn_v y[restrict][7],
		nn_real dweight[restrict][7],
		const int k0, const int kn, const int c0, const int cn)
{
	const int live = t->run->live;
	const int blocks = (live + 7) / 8;
	nn_v acc[3][2];
	NN_UNROLL for (int kt = 0; kt < 3; kt++)
	NN_UNROLL for (int ct = 0; ct < 2; ct++)
		acc[kt][ct] = nn_splat(0);
	for (int n = 0; n < blocks; n++)
	{
		NN_STEP;
		NN_UNROLL for (int kt = 0; kt < kn; kt++)
		NN_UNROLL for (int ct = 0; ct < cn; ct++)
			acc[kt][ct] += dy[n][k0 + kt] * y[n][c0 + ct];
	}
	nn_real total[6];
	nn_sums(total, 1, (const nn_v *)acc, 6);
	NN_UNROLL for (int kt = 0; kt < kn; kt++)
	NN_UNROLL for (int ct = 0; ct < cn; ct++)
	{
		dweight[k0 + kt][c0 + ct] = total[(kt) * 2 + ct];
	}
}

NN_KERNEL void k09_ddense2_weight(const nn_task *t,
		const nn_v dy[restrict][3],
		const nn_v y[restrict][7],
		nn_real dweight[restrict][7])
{
	const nn_span part = nn_share(t, 1 * 4);
	for (int piece = part.from; piece < part.to; piece++)
	{
		const int k0 = piece / 4 * 3;
		const int c0 = piece % 4 * 2;
		if (c0 < 6)
		{
				k09_ddense2_weight_tile(t, dy, y, dweight, k0, 3, c0, 2);
		}
		else
		{
				k09_ddense2_weight_tile(t, dy, y, dweight, k0, 3, c0, 1);
		}
	}
}

/* k10_ddense1_bias  (line 5 dense)
 *
 *   dbias[k] = sum{n} dy[n,k]
 *
 *   k 7  n 16
 *   0.000 Mflop, 0.5 kB; no tile */
NN_KERNEL void k10_ddense1_bias(const nn_task *t,
		const nn_v dy[restrict][7],
		nn_real dbias[restrict])
{
	const int live = t->run->live;
	const int blocks = (live + 7) / 8;
	const nn_span part = nn_share(t, 7);
	for (int k = part.from; k < part.to; k++)
	{
		{
			nn_v acc = nn_splat(0);
			for (int n = 0; n < blocks; n++)
				acc += dy[n][k];
			dbias[k] = nn_sum(acc);
		}
	}
}

/* k11_ddense1_weight  (line 5 dense)
 *
 *   dweight[k,c] = sum{n} dy[n,k] * x[n,c]
 *
 *   k 7  c 5  n 16
 *   0.001 Mflop, 0.9 kB; tile: 2 k x 5 c, 10 accumulators */
NN_INLINE void k11_ddense1_weight_tile(const nn_task *t,
		const nn_v dy[restrict][7],
		const nn_v x[restrict][5],
		nn_real dweight[restrict][5],
		const int k0, const int kn, const int c0, const int cn)
{
	const int live = t->run->live;
	const int blocks = (live + 7) / 8;
	nn_v acc[2][5];
	NN_UNROLL for (int kt = 0; kt < 2; kt++)
	NN_UNROLL for (int ct = 0; ct < 5; ct++)
		acc[kt][ct] = nn_splat(0);
	for (int n = 0; n < blocks; n++)
	{
		NN_STEP;
		NN_UNROLL for (int ct = 0; ct < cn; ct++)
		NN_UNROLL for (int kt = 0; kt < kn; kt++)
			acc[kt][ct] += dy[n][k0 + kt] * x[n][c0 + ct];
	}
	nn_real total[10];
	nn_sums(total, 1, (const nn_v *)acc, 10);
	NN_UNROLL for (int kt = 0; kt < kn; kt++)
	NN_UNROLL for (int ct = 0; ct < cn; ct++)
	{
		dweight[k0 + kt][c0 + ct] = total[(kt) * 5 + ct];
	}
}

NN_KERNEL void k11_ddense1_weight(const nn_task *t,
		const nn_v dy[restrict][7],
		const nn_v x[restrict][5],
		nn_real dweight[restrict][5])
{
	const nn_span part = nn_share(t, 4 * 1);
	for (int piece = part.from; piece < part.to; piece++)
	{
		const int k0 = piece * 2;
		const int c0 = piece % 1 * 5;
		if (k0 < 6)
		{
				k11_ddense1_weight_tile(t, dy, x, dweight, k0, 2, c0, 5);
		}
		else
		{
				k11_ddense1_weight_tile(t, dy, x, dweight, k0, 1, c0, 5);
		}
	}
}

/* k12_dense1_weight_d  (optimizer)
 *
 *   d[k,c] = dweight[k,c] + hyper2 * weight[k,c]
 *   momentum_buffer[k,c] := hyper1 * momentum_buffer[k,c] + d[k,c]
 *   weight[k,c] := weight[k,c] - hyper0 * momentum_buffer[k,c]
 *
 *   k 7  c 5
 *   0.000 Mflop, 0.5 kB; one row of vectors */
NN_KERNEL void k12_dense1_weight_d(const nn_task *t,
		const nn_v dweight[restrict],
		nn_v weight[restrict],
		nn_v momentum_buffer[restrict])
{
	const nn_real u0 = (nn_real)t->run->hyper[2];
	const nn_real u1 = (nn_real)t->run->hyper[1];
	const nn_real u2 = (nn_real)t->run->hyper[0];
	const nn_span part = nn_share(t, 5);
	for (int e = part.from; e < part.to; e++)
	{
		const nn_v d = dweight[e] + u0 * weight[e];
		momentum_buffer[e] = u1 * momentum_buffer[e] + d;
		weight[e] = weight[e] - u2 * momentum_buffer[e];
	}
}

/* k13_dense1_bias_d  (optimizer)
 *
 *   d[k] = dbias[k] + hyper2 * bias[k]
 *   momentum_buffer[k] := hyper1 * momentum_buffer[k] + d[k]
 *   bias[k] := bias[k] - hyper0 * momentum_buffer[k]
 *
 *   k 7
 *   0.000 Mflop, 0.1 kB; one row of vectors */
NN_KERNEL void k13_dense1_bias_d(const nn_task *t,
		const nn_v dbias[restrict],
		nn_v bias[restrict],
		nn_v momentum_buffer[restrict])
{
	const nn_real u0 = (nn_real)t->run->hyper[2];
	const nn_real u1 = (nn_real)t->run->hyper[1];
	const nn_real u2 = (nn_real)t->run->hyper[0];
	const nn_span part = nn_share(t, 1);
	for (int e = part.from; e < part.to; e++)
	{
		const nn_v d = dbias[e] + u0 * bias[e];
		momentum_buffer[e] = u1 * momentum_buffer[e] + d;
		bias[e] = bias[e] - u2 * momentum_buffer[e];
	}
}

/* k14_dense2_weight_d  (optimizer)
 *
 *   d[k,c] = dweight[k,c] + hyper2 * weight[k,c]
 *   momentum_buffer[k,c] := hyper1 * momentum_buffer[k,c] + d[k,c]
 *   weight[k,c] := weight[k,c] - hyper0 * momentum_buffer[k,c]
 *
 *   k 3  c 7
 *   0.000 Mflop, 0.3 kB; one row of vectors */
NN_KERNEL void k14_dense2_weight_d(const nn_task *t,
		const nn_v dweight[restrict],
		nn_v weight[restrict],
		nn_v momentum_buffer[restrict])
{
	const nn_real u0 = (nn_real)t->run->hyper[2];
	const nn_real u1 = (nn_real)t->run->hyper[1];
	const nn_real u2 = (nn_real)t->run->hyper[0];
	const nn_span part = nn_share(t, 3);
	for (int e = part.from; e < part.to; e++)
	{
		const nn_v d = dweight[e] + u0 * weight[e];
		momentum_buffer[e] = u1 * momentum_buffer[e] + d;
		weight[e] = weight[e] - u2 * momentum_buffer[e];
	}
}

/* k15_dense2_bias_d  (optimizer)
 *
 *   d[k] = dbias[k] + hyper2 * bias[k]
 *   momentum_buffer[k] := hyper1 * momentum_buffer[k] + d[k]
 *   bias[k] := bias[k] - hyper0 * momentum_buffer[k]
 *
 *   k 3
 *   0.000 Mflop, 0.1 kB; one row of vectors */
NN_KERNEL void k15_dense2_bias_d(const nn_task *t,
		const nn_v dbias[restrict],
		nn_v bias[restrict],
		nn_v momentum_buffer[restrict])
{
	const nn_real u0 = (nn_real)t->run->hyper[2];
	const nn_real u1 = (nn_real)t->run->hyper[1];
	const nn_real u2 = (nn_real)t->run->hyper[0];
	const nn_span part = nn_share(t, 1);
	for (int e = part.from; e < part.to; e++)
	{
		const nn_v d = dbias[e] + u0 * bias[e];
		momentum_buffer[e] = u1 * momentum_buffer[e] + d;
		bias[e] = bias[e] - u2 * momentum_buffer[e];
	}
}

/* k16_eval_dense1_sum  (line 5 dense, line 5 tanh)
 *
 *   sum[n,k] = sum{c} x[n,c] * weight[k,c]
 *   y[n,k] = bias[k] + sum[n,k]
 *   y2[n,k] = tanh(y[n,k])
 *
 *   n 16  k 7  c 5
 *   0.001 Mflop, 0.9 kB; tile: 7 k, 7 accumulators */
NN_INLINE void k16_eval_dense1_sum_tile(const nn_task *t,
		const nn_v x[restrict][5],
		const nn_real weight[restrict][5],
		const nn_real bias[restrict],
		nn_v y2[restrict][7],
		const int n, const int k0, const int kn)
{
	(void)t;
	nn_v acc[7];
	NN_UNROLL for (int kt = 0; kt < 7; kt++)
		acc[kt] = nn_splat(0);
	for (int c = 0; c < 5; c++)
	{
		NN_STEP;
		NN_UNROLL for (int kt = 0; kt < kn; kt++)
			acc[kt] += x[n][c] * weight[k0 + kt][c];
	}
	NN_UNROLL for (int kt = 0; kt < kn; kt++)
	{
		const nn_v sum = acc[kt];
		const nn_v y = bias[k0 + kt] + sum;
		y2[n][k0 + kt] = nn_tanh(y);
	}
}

NN_KERNEL void k16_eval_dense1_sum(const nn_task *t,
		const nn_v x[restrict][5],
		const nn_real weight[restrict][5],
		const nn_real bias[restrict],
		nn_v y2[restrict][7])
{
	const int live = t->run->live;
	const int blocks = (live + 7) / 8;
	const nn_span part = nn_share(t, blocks);
	for (int n = part.from; n < part.to; n++)
	{
		{
			const int k0 = 0;
				k16_eval_dense1_sum_tile(t, x, weight, bias, y2, n, k0, 7);
		}
	}
}

/* k17_eval_dense2_sum  (line 6 dense)
 *
 *   sum[n,k] = sum{c} y[n,c] * weight[k,c]
 *   output[n,k] = bias[k] + sum[n,k]
 *
 *   n 16  k 3  c 7
 *   0.001 Mflop, 0.8 kB; tile: 3 k, 3 accumulators */
NN_INLINE void k17_eval_dense2_sum_tile(const nn_task *t,
		const nn_v y[restrict][7],
		const nn_real weight[restrict][7],
		const nn_real bias[restrict],
		nn_v output[restrict][3],
		const int n, const int k0, const int kn)
{
	(void)t;
	nn_v acc[3];
	NN_UNROLL for (int kt = 0; kt < 3; kt++)
		acc[kt] = nn_splat(0);
	for (int c = 0; c < 7; c++)
	{
		NN_STEP;
		NN_UNROLL for (int kt = 0; kt < kn; kt++)
			acc[kt] += y[n][c] * weight[k0 + kt][c];
	}
	NN_UNROLL for (int kt = 0; kt < kn; kt++)
	{
		const nn_v sum = acc[kt];
		output[n][k0 + kt] = bias[k0 + kt] + sum;
	}
}

NN_KERNEL void k17_eval_dense2_sum(const nn_task *t,
		const nn_v y[restrict][7],
		const nn_real weight[restrict][7],
		const nn_real bias[restrict],
		nn_v output[restrict][3])
{
	const int live = t->run->live;
	const int blocks = (live + 7) / 8;
	const nn_span part = nn_share(t, blocks);
	for (int n = part.from; n < part.to; n++)
	{
		{
			const int k0 = 0;
				k17_eval_dense2_sum_tile(t, y, weight, bias, output, n, k0, 3);
		}
	}
}

/* k18_eval_m  (loss)
 *
 *   m[n] = max{c} output[n,c]
 *   z[n] = sum{c} exp(output[n,c] - m[n])
 *   l[n] = log(z[n])
 *
 *   n 16  c 3
 *   0.000 Mflop, 0.3 kB; no tile */
NN_KERNEL void k18_eval_m(const nn_task *t,
		const nn_v output[restrict][3],
		nn_v m[restrict],
		nn_v l[restrict])
{
	const int live = t->run->live;
	const int blocks = (live + 7) / 8;
	const nn_span part = nn_share(t, blocks);
	for (int n = part.from; n < part.to; n++)
	{
		{
			nn_v acc = nn_splat(-INFINITY);
			for (int c = 0; c < 3; c++)
			{
				const nn_v v = output[n][c];
				acc = nn_ifabove(v, acc, v, acc);
			}
			m[n] = acc;
		}
		nn_v z;
		{
			nn_v acc = nn_splat(0);
			for (int c2 = 0; c2 < 3; c2++)
				acc += nn_exp(output[n][c2] - m[n]);
			z = acc;
		}
		l[n] = nn_log(z);
	}
}

/* k19_eval_q  (loss)
 *
 *   q[n,c] = ifeq(target[n], (c), 1, 0)
 *
 *   n 16  c 3
 *   0.000 Mflop, 0.2 kB; no tile */
NN_KERNEL void k19_eval_q(const nn_task *t,
		const nn_v target[restrict],
		nn_v q[restrict][3])
{
	const int live = t->run->live;
	const int blocks = (live + 7) / 8;
	const nn_span part = nn_share(t, blocks);
	for (int n = part.from; n < part.to; n++)
	for (int c = 0; c < 3; c++)
	{
		q[n][c] = nn_ifeq(target[n], nn_splat((nn_real)(c)), nn_splat(1), nn_splat(0));
	}
}

/* k20_eval_loss  (loss)
 *
 *   loss[n] = sum{c} q[n,c] * (l[n] - (output[n,c] - m[n]))
 *
 *   n 16  c 3
 *   0.000 Mflop, 0.6 kB; no tile */
NN_KERNEL void k20_eval_loss(const nn_task *t,
		const nn_v q[restrict][3],
		const nn_v l[restrict],
		const nn_v output[restrict][3],
		const nn_v m[restrict],
		nn_v loss[restrict])
{
	const int live = t->run->live;
	const int blocks = (live + 7) / 8;
	const nn_span part = nn_share(t, blocks);
	for (int n = part.from; n < part.to; n++)
	{
		{
			nn_v acc = nn_splat(0);
			for (int c = 0; c < 3; c++)
				acc += q[n][c] * (l[n] - (output[n][c] - m[n]));
			loss[n] = nn_first(live - 8 * n, acc);
		}
	}
}

/* k21_eval_sum  (loss)
 *
 *   sum[0] = sum{n} loss[n]
 *   loss2[0] = sum[0] / batch
 *
 *   n 16
 *   0.000 Mflop, 0.1 kB; no tile */
NN_KERNEL void k21_eval_sum(const nn_task *t,
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

