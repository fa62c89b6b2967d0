forward
e0   conv1_y[n,k,i,j] = sum{c} x[n,c,i,j] * conv1_weight[k,c,0,0]
e2   conv2_sum[n,g,k,i,j] = sum{c,r,s} conv1_y[n,2g+c,i+2r-2,j+2s-2] * conv2_weight[3g+k,c,r,s]
e1   conv2_y[n,3g+k,i,j] = conv2_bias[3g+k] + conv2_sum[n,g,k,i,j]
e4   loss_sum[n] = sum{c,h,w} (conv2_y[n,c,h,w] - target[n,c,h,w]) * (conv2_y[n,c,h,w] - target[n,c,h,w])
e3   loss_loss[n] = loss_sum[n] * 0.00462963
e6   loss_sum2[0] = sum{n} loss_loss[n]
e5   loss[0] = loss_sum2[0] / batch

evaluation
e7   eval_conv1_y[n,k,i,j] = sum{c} x[n,c,i,j] * conv1_weight[k,c,0,0]
e9   eval_conv2_sum[n,g,k,i,j] = sum{c,r,s} eval_conv1_y[n,2g+c,i+2r-2,j+2s-2] * conv2_weight[3g+k,c,r,s]
e8   conv2_y[n,3g+k,i,j] = conv2_bias[3g+k] + eval_conv2_sum[n,g,k,i,j]
e11  eval_sum[n] = sum{c,h,w} (conv2_y[n,c,h,w] - target[n,c,h,w]) * (conv2_y[n,c,h,w] - target[n,c,h,w])
e10  eval_loss[n] = eval_sum[n] * 0.00462963
e13  eval_sum2[0] = sum{n} eval_loss[n]
e12  loss[0] = eval_sum2[0] / batch
