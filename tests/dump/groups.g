forward
e0   conv1_y[n,k,i,j] = sum{c} x[n,c,i,j] * conv1_weight[k,c,0,0]
e2   conv2_sum[n,g,k,i,j] = sum{c,r,s} conv1_y[n,2g+c,i+2r-2,j+2s-2] * conv2_weight[3g+k,c,r,s]
e1   conv2_y[n,3g+k,i,j] = conv2_bias[3g+k] + conv2_sum[n,g,k,i,j]
e4   loss_sum[n] = sum{c,h,w} (conv2_y[n,c,h,w] - target[n,c,h,w]) * (conv2_y[n,c,h,w] - target[n,c,h,w])
e3   loss_loss[n] = loss_sum[n] * 0.00462963
e6   loss_sum2[0] = sum{n} loss_loss[n]
e5   loss[0] = loss_sum2[0] / batch

backward
e17  dconv2_y[n,c,h,w] = 1 / batch * 0.00462963 * (conv2_y[n,c,h,w] - target[n,c,h,w]) + 1 / batch * 0.00462963 * (conv2_y[n,c,h,w] - target[n,c,h,w])
e18  dconv2_bias[3g+k] = sum{n,i,j} dconv2_y[n,3g+k,i,j]
e19  dconv2_sum[n,g,k,i,j] = dconv2_y[n,3g+k,i,j]
e20  dconv1_y[n,2g+c,h,w] = sum{k,r,s} dconv2_sum[n,g,k,h-2r+2,w-2s+2] * conv2_weight[3g+k,c,r,s]
e21  dconv2_weight[3g+k,c,r,s] = sum{n,i,j} dconv2_sum[n,g,k,i,j] * conv1_y[n,2g+c,i+2r-2,j+2s-2]
e22  dconv1_weight[k,c,0,0] = sum{n,i,j} dconv1_y[n,k,i,j] * x[n,c,i,j]

update
e23  conv1_weight_d[k,c,0,0] = dconv1_weight[k,c,0,0]
e24  conv1_weight_momentum_buffer[k,c,0,0] = conv1_weight_d[k,c,0,0]
e25  conv1_weight[k,c,0,0] := conv1_weight[k,c,0,0] - hyper0 * conv1_weight_momentum_buffer[k,c,0,0]
e26  conv2_weight_d[k,c,r,s] = dconv2_weight[k,c,r,s]
e27  conv2_weight_momentum_buffer[k,c,r,s] = conv2_weight_d[k,c,r,s]
e28  conv2_weight[k,c,r,s] := conv2_weight[k,c,r,s] - hyper0 * conv2_weight_momentum_buffer[k,c,r,s]
e29  conv2_bias_d[k] = dconv2_bias[k]
e30  conv2_bias_momentum_buffer[k] = conv2_bias_d[k]
e31  conv2_bias[k] := conv2_bias[k] - hyper0 * conv2_bias_momentum_buffer[k]

evaluation
e7   eval_conv1_y[n,k,i,j] = sum{c} x[n,c,i,j] * conv1_weight[k,c,0,0]
e9   eval_conv2_sum[n,g,k,i,j] = sum{c,r,s} eval_conv1_y[n,2g+c,i+2r-2,j+2s-2] * conv2_weight[3g+k,c,r,s]
e8   conv2_y[n,3g+k,i,j] = conv2_bias[3g+k] + eval_conv2_sum[n,g,k,i,j]
e11  eval_sum[n] = sum{c,h,w} (conv2_y[n,c,h,w] - target[n,c,h,w]) * (conv2_y[n,c,h,w] - target[n,c,h,w])
e10  eval_loss[n] = eval_sum[n] * 0.00462963
e13  eval_sum2[0] = sum{n} eval_loss[n]
e12  loss[0] = eval_sum2[0] / batch
