forward
e1   conv1_sum[n,k,i,j] = sum{c,r,s} x[n,c,i+r-1,j+s-1] * conv1_weight[k,c,r,s]
e0   conv1_y[n,k,i,j] = conv1_bias[k] + conv1_sum[n,k,i,j]
e2   relu1_y[n,c,h,w] = max(0, conv1_y[n,c,h,w])
e4   conv2_sum[n,k,i,j] = sum{c,r,s} relu1_y[n,c,i+r-1,j+s-1] * conv2_weight[k,c,r,s]
e3   conv2_y[n,k,i,j] = conv2_bias[k] + conv2_sum[n,k,i,j]
e6   global_avg_pool1_sum[n,c] = sum{h,w} conv2_y[n,c,h,w]
e5   global_avg_pool1_y[n,c,0,0] = global_avg_pool1_sum[n,c] * 0.00757576
e8   dense1_sum[n,k] = sum{c} global_avg_pool1_y[n,c,0,0] * dense1_weight[k,c,0,0]
e7   dense1_y[n,k] = dense1_bias[k] + dense1_sum[n,k]
e9   loss_m[n] = max{c} dense1_y[n,c]
e10  loss_z[n] = sum{c} exp(dense1_y[n,c] - loss_m[n])
e11  loss_l[n] = log(loss_z[n])
e12  loss_q[n,c] = ifeq(target[n], (c), 1, 0)
e13  loss_loss[n] = sum{c} loss_q[n,c] * (loss_l[n] - (dense1_y[n,c] - loss_m[n]))
e15  loss_sum[0] = sum{n} loss_loss[n]
e14  loss[0] = loss_sum[0] / batch

evaluation
e17  eval_conv1_sum[n,k,i,j] = sum{c,r,s} x[n,c,i+r-1,j+s-1] * conv1_weight[k,c,r,s]
e16  eval_conv1_y[n,k,i,j] = conv1_bias[k] + eval_conv1_sum[n,k,i,j]
e18  eval_relu1_y[n,c,h,w] = max(0, eval_conv1_y[n,c,h,w])
e20  eval_conv2_sum[n,k,i,j] = sum{c,r,s} eval_relu1_y[n,c,i+r-1,j+s-1] * conv2_weight[k,c,r,s]
e19  eval_conv2_y[n,k,i,j] = conv2_bias[k] + eval_conv2_sum[n,k,i,j]
e22  eval_global_avg_pool1_sum[n,c] = sum{h,w} eval_conv2_y[n,c,h,w]
e21  eval_global_avg_pool1_y[n,c,0,0] = eval_global_avg_pool1_sum[n,c] * 0.00757576
e24  eval_dense1_sum[n,k] = sum{c} eval_global_avg_pool1_y[n,c,0,0] * dense1_weight[k,c,0,0]
e23  dense1_y[n,k] = dense1_bias[k] + eval_dense1_sum[n,k]
e25  eval_m[n] = max{c} dense1_y[n,c]
e26  eval_z[n] = sum{c} exp(dense1_y[n,c] - eval_m[n])
e27  eval_l[n] = log(eval_z[n])
e28  eval_q[n,c] = ifeq(target[n], (c), 1, 0)
e29  eval_loss[n] = sum{c} eval_q[n,c] * (eval_l[n] - (dense1_y[n,c] - eval_m[n]))
e31  eval_sum[0] = sum{n} eval_loss[n]
e30  loss[0] = eval_sum[0] / batch
