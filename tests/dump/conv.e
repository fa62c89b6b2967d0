forward
e1   conv1_sum[n,k,i,j] = sum{c} x[n,c,i,j] * conv1_weight[k,c,0,0]
e0   conv1_y[n,k,i,j] = conv1_bias[k] + conv1_sum[n,k,i,j]
e3   conv2_sum[n,k,i,j] = sum{c,r,s} conv1_y[n,c,2i+r-1,2j+s-1] * conv2_weight[k,c,r,s]
e2   conv2_y[n,k,i,j] = conv2_bias[k] + conv2_sum[n,k,i,j]
e4   relu1_y[n,c,h,w] = max(0, conv2_y[n,c,h,w])
e6   loss_sum[n] = sum{c,h,w} (relu1_y[n,c,h,w] - target[n,c,h,w]) * (relu1_y[n,c,h,w] - target[n,c,h,w])
e5   loss_loss[n] = loss_sum[n] * 0.0208333
e8   loss_sum2[0] = sum{n} loss_loss[n]
e7   loss[0] = loss_sum2[0] / batch

evaluation
e10  eval_conv1_sum[n,k,i,j] = sum{c} x[n,c,i,j] * conv1_weight[k,c,0,0]
e9   eval_conv1_y[n,k,i,j] = conv1_bias[k] + eval_conv1_sum[n,k,i,j]
e12  eval_conv2_sum[n,k,i,j] = sum{c,r,s} eval_conv1_y[n,c,2i+r-1,2j+s-1] * conv2_weight[k,c,r,s]
e11  eval_conv2_y[n,k,i,j] = conv2_bias[k] + eval_conv2_sum[n,k,i,j]
e13  relu1_y[n,c,h,w] = max(0, eval_conv2_y[n,c,h,w])
e15  eval_sum[n] = sum{c,h,w} (relu1_y[n,c,h,w] - target[n,c,h,w]) * (relu1_y[n,c,h,w] - target[n,c,h,w])
e14  eval_loss[n] = eval_sum[n] * 0.0208333
e17  eval_sum2[0] = sum{n} eval_loss[n]
e16  loss[0] = eval_sum2[0] / batch
