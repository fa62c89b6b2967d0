forward
e0   dense1_sum[n,k] = sum{c} x[n,c] * dense1_weight[k,c]                           | k00 | registers     
e1   dense1_y[n,k] = dense1_bias[k] + dense1_sum[n,k]                               | k00 | registers     
e2   tanh1_y[n,k] = tanh(dense1_y[n,k])                                             | k00 | n/8 ... n%8    |     1984 | 0-2
e3   dense2_sum[n,k] = sum{c} tanh1_y[n,c] * dense2_weight[k,c]                     | k01 | registers     
e4   dense2_y[n,k] = dense2_bias[k] + dense2_sum[n,k]                               | k01 | n/8 ... n%8    |      640 | 0-7
e5   loss_m[n] = max{c} dense2_y[n,c]                                               | k02 | n/8 ... n%8    |     2624 | 0-1
e6   loss_z[n] = sum{c} exp(dense2_y[n,c] - loss_m[n])                              | k02 | registers     
e7   loss_l[n] = log(loss_z[n])                                                     | k02 | n/8 ... n%8    |     2688 | 0-1
e8   loss_q[n,c] = ifeq(target[n], (c), 1, 0)                                       | k03 | n/8 ... n%8    |     2432 | 0-1
e9   loss_loss[n] = sum{c} loss_q[n,c] * (loss_l[n] - (dense2_y[n,c] - loss_m[n]))  | k04 | n/8 ... n%8    |     2752 | 0-1
---- barrier
e10  loss_sum[0] = sum{n} loss_loss[n]                                              | k05 | registers     
e11  loss[0] = loss_sum[0] / batch                                                  | k05 | row-major      |      320 | 0-7

backward
e12  loss_s[n] = sum{c} loss_q[n,c]                                                 | k06 | registers     
e13  ddense2_y[n,c] = (exp(dense2_y[n,c] - loss_m[n] - loss_l[n]) * loss_s[n] - loss_q[n,c]) / batch | k06 | n/8 ... n%8    |     2880 | 1-2
---- barrier
e14  ddense2_bias[k] = sum{n} ddense2_y[n,k]                                        | k07 | row-major      |     1088 | 0-7
e15  dtanh1_y[n,c] = sum{k} ddense2_y[n,k] * dense2_weight[k,c]                     | k08 | registers     
e17  ddense1_y[n,c] = dtanh1_y[n,c] * (1 - tanh1_y[n,c] * tanh1_y[n,c])             | k08 | n/8 ... n%8    |     2432 | 2-3
e16  ddense2_weight[k,c] = sum{n} ddense2_y[n,k] * tanh1_y[n,c]                     | k09 | row-major      |     1152 | 0-7
---- barrier
e18  ddense1_bias[k] = sum{n} ddense1_y[n,k]                                        | k10 | row-major      |     1280 | 0-7
e19  ddense1_weight[k,c] = sum{n} ddense1_y[n,k] * x[n,c]                           | k11 | row-major      |     1344 | 0-7

update
---- barrier
e20  dense1_weight_d[k,c] = ddense1_weight[k,c] + hyper2 * dense1_weight[k,c]       | k12 | registers     
e21  dense1_weight_momentum_buffer[k,c] := hyper1 * dense1_weight_momentum_buffer[k,c] + dense1_weight_d[k,c] | k12 | row-major      |     1536 | 0-7
e22  dense1_weight[k,c] := dense1_weight[k,c] - hyper0 * dense1_weight_momentum_buffer[k,c] | k12 | row-major      |      384 | 0-7
e23  dense1_bias_d[k] = ddense1_bias[k] + hyper2 * dense1_bias[k]                   | k13 | registers     
e24  dense1_bias_momentum_buffer[k] := hyper1 * dense1_bias_momentum_buffer[k] + dense1_bias_d[k] | k13 | row-major      |     1728 | 0-7
e25  dense1_bias[k] := dense1_bias[k] - hyper0 * dense1_bias_momentum_buffer[k]     | k13 | row-major      |      576 | 0-7
e26  dense2_weight_d[k,c] = ddense2_weight[k,c] + hyper2 * dense2_weight[k,c]       | k14 | registers     
e27  dense2_weight_momentum_buffer[k,c] := hyper1 * dense2_weight_momentum_buffer[k,c] + dense2_weight_d[k,c] | k14 | row-major      |     1792 | 0-7
e28  dense2_weight[k,c] := dense2_weight[k,c] - hyper0 * dense2_weight_momentum_buffer[k,c] | k14 | row-major      |      832 | 0-7
e29  dense2_bias_d[k] = ddense2_bias[k] + hyper2 * dense2_bias[k]                   | k15 | registers     
e30  dense2_bias_momentum_buffer[k] := hyper1 * dense2_bias_momentum_buffer[k] + dense2_bias_d[k] | k15 | row-major      |     1920 | 0-7
e31  dense2_bias[k] := dense2_bias[k] - hyper0 * dense2_bias_momentum_buffer[k]     | k15 | row-major      |      960 | 0-7

evaluation
e32  eval_dense1_sum[n,k] = sum{c} x[n,c] * dense1_weight[k,c]                      | k16 | registers     
e33  eval_dense1_y[n,k] = dense1_bias[k] + eval_dense1_sum[n,k]                     | k16 | registers     
e34  eval_tanh1_y[n,k] = tanh(eval_dense1_y[n,k])                                   | k16 | n/8 ... n%8    |     1984 | 5-5
e35  eval_dense2_sum[n,k] = sum{c} eval_tanh1_y[n,c] * dense2_weight[k,c]           | k17 | registers     
e36  dense2_y[n,k] = dense2_bias[k] + eval_dense2_sum[n,k]                          | k17 | n/8 ... n%8    |      640 | 0-7
e37  eval_m[n] = max{c} dense2_y[n,c]                                               | k18 | n/8 ... n%8    |     2624 | 5-5
e38  eval_z[n] = sum{c} exp(dense2_y[n,c] - eval_m[n])                              | k18 | registers     
e39  eval_l[n] = log(eval_z[n])                                                     | k18 | n/8 ... n%8    |     2688 | 5-5
e40  eval_q[n,c] = ifeq(target[n], (c), 1, 0)                                       | k19 | n/8 ... n%8    |     2432 | 5-5
e41  eval_loss[n] = sum{c} eval_q[n,c] * (eval_l[n] - (dense2_y[n,c] - eval_m[n]))  | k20 | n/8 ... n%8    |     2752 | 5-6
---- barrier
e42  eval_sum[0] = sum{n} eval_loss[n]                                              | k21 | registers     
e43  loss[0] = eval_sum[0] / batch                                                  | k21 | row-major      |      320 | 0-7

arena 3072 bytes
