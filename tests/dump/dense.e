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
