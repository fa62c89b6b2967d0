forward
e1   dense1_sum[n,k] = sum{c} x[n,c] * dense1_weight[k,c]
e0   dense1_y[n,k] = dense1_bias[k] + dense1_sum[n,k]
e2   tanh1_y[n,c] = tanh(dense1_y[n,c])
e4   dense2_sum[n,k] = sum{c} tanh1_y[n,c] * dense2_weight[k,c]
e3   dense2_y[n,k] = dense2_bias[k] + dense2_sum[n,k]
e5   loss_m[n] = max{c} dense2_y[n,c]
e6   loss_z[n] = sum{c} exp(dense2_y[n,c] - loss_m[n])
e7   loss_l[n] = log(loss_z[n])
e8   loss_q[n,c] = ifeq(target[n], (c), 1, 0)
e9   loss_loss[n] = sum{c} loss_q[n,c] * (loss_l[n] - (dense2_y[n,c] - loss_m[n]))
e11  loss_sum[0] = sum{n} loss_loss[n]
e10  loss[0] = loss_sum[0] / batch

backward
e24  loss_s[n] = sum{c} loss_q[n,c]
e25  ddense2_y[n,c] = (exp(dense2_y[n,c] - loss_m[n] - loss_l[n]) * loss_s[n] - loss_q[n,c]) / batch
e26  ddense2_bias[k] = sum{n} ddense2_y[n,k]
e27  dtanh1_y[n,c] = sum{k} ddense2_y[n,k] * dense2_weight[k,c]
e28  ddense2_weight[k,c] = sum{n} ddense2_y[n,k] * tanh1_y[n,c]
e29  ddense1_y[n,c] = dtanh1_y[n,c] * (1 - tanh1_y[n,c] * tanh1_y[n,c])
e30  ddense1_bias[k] = sum{n} ddense1_y[n,k]
e31  ddense1_weight[k,c] = sum{n} ddense1_y[n,k] * x[n,c]

update
e32  dense1_weight_d[k,c] = ddense1_weight[k,c] + hyper2 * dense1_weight[k,c]
e33  dense1_weight_momentum_buffer[k,c] := hyper1 * dense1_weight_momentum_buffer[k,c] + dense1_weight_d[k,c]
e34  dense1_weight[k,c] := dense1_weight[k,c] - hyper0 * dense1_weight_momentum_buffer[k,c]
e35  dense1_bias_d[k] = ddense1_bias[k] + hyper2 * dense1_bias[k]
e36  dense1_bias_momentum_buffer[k] := hyper1 * dense1_bias_momentum_buffer[k] + dense1_bias_d[k]
e37  dense1_bias[k] := dense1_bias[k] - hyper0 * dense1_bias_momentum_buffer[k]
e38  dense2_weight_d[k,c] = ddense2_weight[k,c] + hyper2 * dense2_weight[k,c]
e39  dense2_weight_momentum_buffer[k,c] := hyper1 * dense2_weight_momentum_buffer[k,c] + dense2_weight_d[k,c]
e40  dense2_weight[k,c] := dense2_weight[k,c] - hyper0 * dense2_weight_momentum_buffer[k,c]
e41  dense2_bias_d[k] = ddense2_bias[k] + hyper2 * dense2_bias[k]
e42  dense2_bias_momentum_buffer[k] := hyper1 * dense2_bias_momentum_buffer[k] + dense2_bias_d[k]
e43  dense2_bias[k] := dense2_bias[k] - hyper0 * dense2_bias_momentum_buffer[k]

evaluation
e13  eval_dense1_sum[n,k] = sum{c} x[n,c] * dense1_weight[k,c]
e12  eval_dense1_y[n,k] = dense1_bias[k] + eval_dense1_sum[n,k]
e14  eval_tanh1_y[n,c] = tanh(eval_dense1_y[n,c])
e16  eval_dense2_sum[n,k] = sum{c} eval_tanh1_y[n,c] * dense2_weight[k,c]
e15  dense2_y[n,k] = dense2_bias[k] + eval_dense2_sum[n,k]
e17  eval_m[n] = max{c} dense2_y[n,c]
e18  eval_z[n] = sum{c} exp(dense2_y[n,c] - eval_m[n])
e19  eval_l[n] = log(eval_z[n])
e20  eval_q[n,c] = ifeq(target[n], (c), 1, 0)
e21  eval_loss[n] = sum{c} eval_q[n,c] * (eval_l[n] - (dense2_y[n,c] - eval_m[n]))
e23  eval_sum[0] = sum{n} eval_loss[n]
e22  loss[0] = eval_sum[0] / batch
