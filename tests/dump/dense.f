forward
e0   dense1_sum[n,k] = sum{c} x[n,c] * dense1_weight[k,c]                           | k00
e1   dense1_y[n,k] = dense1_bias[k] + dense1_sum[n,k]                               | k00
e2   tanh1_y[n,k] = tanh(dense1_y[n,k])                                             | k00
e3   dense2_sum[n,k] = sum{c} tanh1_y[n,c] * dense2_weight[k,c]                     | k01
e4   dense2_y[n,k] = dense2_bias[k] + dense2_sum[n,k]                               | k01
e5   loss_m[n] = max{c} dense2_y[n,c]                                               | k02
e6   loss_z[n] = sum{c} exp(dense2_y[n,c] - loss_m[n])                              | k02
e7   loss_l[n] = log(loss_z[n])                                                     | k02
e8   loss_q[n,c] = ifeq(target[n], (c), 1, 0)                                       | k03
e9   loss_loss[n] = sum{c} loss_q[n,c] * (loss_l[n] - (dense2_y[n,c] - loss_m[n]))  | k04
---- barrier
e10  loss_sum[0] = sum{n} loss_loss[n]                                              | k05
e11  loss[0] = loss_sum[0] / batch                                                  | k05

backward
e12  loss_s[n] = sum{c} loss_q[n,c]                                                 | k06
e13  ddense2_y[n,c] = (exp(dense2_y[n,c] - loss_m[n] - loss_l[n]) * loss_s[n] - loss_q[n,c]) / batch | k06
---- barrier
e14  ddense2_bias[k] = sum{n} ddense2_y[n,k]                                        | k07
e15  dtanh1_y[n,c] = sum{k} ddense2_y[n,k] * dense2_weight[k,c]                     | k08
e17  ddense1_y[n,c] = dtanh1_y[n,c] * (1 - tanh1_y[n,c] * tanh1_y[n,c])             | k08
e16  ddense2_weight[k,c] = sum{n} ddense2_y[n,k] * tanh1_y[n,c]                     | k09
---- barrier
e18  ddense1_bias[k] = sum{n} ddense1_y[n,k]                                        | k10
e19  ddense1_weight[k,c] = sum{n} ddense1_y[n,k] * x[n,c]                           | k11

update
---- barrier
e20  dense1_weight_d[k,c] = ddense1_weight[k,c] + hyper2 * dense1_weight[k,c]       | k12
e21  dense1_weight_momentum_buffer[k,c] := hyper1 * dense1_weight_momentum_buffer[k,c] + dense1_weight_d[k,c] | k12
e22  dense1_weight[k,c] := dense1_weight[k,c] - hyper0 * dense1_weight_momentum_buffer[k,c] | k12
e23  dense1_bias_d[k] = ddense1_bias[k] + hyper2 * dense1_bias[k]                   | k13
e24  dense1_bias_momentum_buffer[k] := hyper1 * dense1_bias_momentum_buffer[k] + dense1_bias_d[k] | k13
e25  dense1_bias[k] := dense1_bias[k] - hyper0 * dense1_bias_momentum_buffer[k]     | k13
e26  dense2_weight_d[k,c] = ddense2_weight[k,c] + hyper2 * dense2_weight[k,c]       | k14
e27  dense2_weight_momentum_buffer[k,c] := hyper1 * dense2_weight_momentum_buffer[k,c] + dense2_weight_d[k,c] | k14
e28  dense2_weight[k,c] := dense2_weight[k,c] - hyper0 * dense2_weight_momentum_buffer[k,c] | k14
e29  dense2_bias_d[k] = ddense2_bias[k] + hyper2 * dense2_bias[k]                   | k15
e30  dense2_bias_momentum_buffer[k] := hyper1 * dense2_bias_momentum_buffer[k] + dense2_bias_d[k] | k15
e31  dense2_bias[k] := dense2_bias[k] - hyper0 * dense2_bias_momentum_buffer[k]     | k15

evaluation
e32  eval_dense1_sum[n,k] = sum{c} x[n,c] * dense1_weight[k,c]                      | k16
e33  eval_dense1_y[n,k] = dense1_bias[k] + eval_dense1_sum[n,k]                     | k16
e34  eval_tanh1_y[n,k] = tanh(eval_dense1_y[n,k])                                   | k16
e35  eval_dense2_sum[n,k] = sum{c} eval_tanh1_y[n,c] * dense2_weight[k,c]           | k17
e36  dense2_y[n,k] = dense2_bias[k] + eval_dense2_sum[n,k]                          | k17
e37  eval_m[n] = max{c} dense2_y[n,c]                                               | k18
e38  eval_z[n] = sum{c} exp(dense2_y[n,c] - eval_m[n])                              | k18
e39  eval_l[n] = log(eval_z[n])                                                     | k18
e40  eval_q[n,c] = ifeq(target[n], (c), 1, 0)                                       | k19
e41  eval_loss[n] = sum{c} eval_q[n,c] * (eval_l[n] - (dense2_y[n,c] - eval_m[n]))  | k20
---- barrier
e42  eval_sum[0] = sum{n} eval_loss[n]                                              | k21
e43  loss[0] = eval_sum[0] / batch                                                  | k21
