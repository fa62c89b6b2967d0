forward
e0   dense1_sum[n,k] = sum{c} x[n,c] * dense1_weight[k,c]
e1   dense1_y[n,k] = dense1_bias[k] + dense1_sum[n,k]
e2   tanh1_y[n,c] = tanh(dense1_y[n,c])
e3   dense2_sum[n,k] = sum{c} tanh1_y[n,c] * dense2_weight[k,c]
e4   dense2_y[n,k] = dense2_bias[k] + dense2_sum[n,k]
e5   loss_m[n] = max{c} dense2_y[n,c]
e6   loss_z[n] = sum{c} exp(dense2_y[n,c] - loss_m[n])
e7   loss_l[n] = log(loss_z[n])
e8   loss_q[n,c] = ifeq(target[n], (c), 1, 0)
e9   loss_loss[n] = sum{c} loss_q[n,c] * (loss_l[n] - (dense2_y[n,c] - loss_m[n]))
e10  loss_sum[0] = sum{n} loss_loss[n]
e11  loss[0] = loss_sum[0] / batch

backward
e12  loss_s[n] = sum{c} loss_q[n,c]
e13  ddense2_y[n,c] = (exp(dense2_y[n,c] - loss_m[n] - loss_l[n]) * loss_s[n] - loss_q[n,c]) / batch
e14  ddense2_bias[k] = sum{n} ddense2_y[n,k]
e15  dtanh1_y[n,c] = sum{k} ddense2_y[n,k] * dense2_weight[k,c]
e16  ddense2_weight[k,c] = sum{n} ddense2_y[n,k] * tanh1_y[n,c]
e17  ddense1_y[n,c] = dtanh1_y[n,c] * (1 - tanh1_y[n,c] * tanh1_y[n,c])
e18  ddense1_bias[k] = sum{n} ddense1_y[n,k]
e19  ddense1_weight[k,c] = sum{n} ddense1_y[n,k] * x[n,c]

update
e20  dense1_weight_d[k,c] = ddense1_weight[k,c] + hyper2 * dense1_weight[k,c]
e21  dense1_weight_momentum_buffer[k,c] := hyper1 * dense1_weight_momentum_buffer[k,c] + dense1_weight_d[k,c]
e22  dense1_weight[k,c] := dense1_weight[k,c] - hyper0 * dense1_weight_momentum_buffer[k,c]
e23  dense1_bias_d[k] = ddense1_bias[k] + hyper2 * dense1_bias[k]
e24  dense1_bias_momentum_buffer[k] := hyper1 * dense1_bias_momentum_buffer[k] + dense1_bias_d[k]
e25  dense1_bias[k] := dense1_bias[k] - hyper0 * dense1_bias_momentum_buffer[k]
e26  dense2_weight_d[k,c] = ddense2_weight[k,c] + hyper2 * dense2_weight[k,c]
e27  dense2_weight_momentum_buffer[k,c] := hyper1 * dense2_weight_momentum_buffer[k,c] + dense2_weight_d[k,c]
e28  dense2_weight[k,c] := dense2_weight[k,c] - hyper0 * dense2_weight_momentum_buffer[k,c]
e29  dense2_bias_d[k] = ddense2_bias[k] + hyper2 * dense2_bias[k]
e30  dense2_bias_momentum_buffer[k] := hyper1 * dense2_bias_momentum_buffer[k] + dense2_bias_d[k]
e31  dense2_bias[k] := dense2_bias[k] - hyper0 * dense2_bias_momentum_buffer[k]

evaluation
e32  eval_dense1_sum[n,k] = sum{c} x[n,c] * dense1_weight[k,c]
e33  eval_dense1_y[n,k] = dense1_bias[k] + eval_dense1_sum[n,k]
e34  eval_tanh1_y[n,c] = tanh(eval_dense1_y[n,c])
e35  eval_dense2_sum[n,k] = sum{c} eval_tanh1_y[n,c] * dense2_weight[k,c]
e36  dense2_y[n,k] = dense2_bias[k] + eval_dense2_sum[n,k]
e37  eval_m[n] = max{c} dense2_y[n,c]
e38  eval_z[n] = sum{c} exp(dense2_y[n,c] - eval_m[n])
e39  eval_l[n] = log(eval_z[n])
e40  eval_q[n,c] = ifeq(target[n], (c), 1, 0)
e41  eval_loss[n] = sum{c} eval_q[n,c] * (eval_l[n] - (dense2_y[n,c] - eval_m[n]))
e42  eval_sum[0] = sum{n} eval_loss[n]
e43  loss[0] = eval_sum[0] / batch
