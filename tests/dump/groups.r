forward
e0   conv1_y[n,k,i,j] = sum{c} x[n,c,i,j] * conv1_weight[k,c,0,0]
e1   conv2_sum[n,g,k,i,j] = sum{c,r,s} conv1_y[n,2g+c,i+2r-2,j+2s-2] * conv2_weight[3g+k,c,r,s]
e2   conv2_y[n,3g+k,i,j] = conv2_bias[3g+k] + conv2_sum[n,g,k,i,j]
e3   loss_sum[n] = sum{c,h,w} (conv2_y[n,c,h,w] - target[n,c,h,w]) * (conv2_y[n,c,h,w] - target[n,c,h,w])
e4   loss_loss[n] = loss_sum[n] * 0.00462963
e5   loss_sum2[0] = sum{n} loss_loss[n]
e6   loss[0] = loss_sum2[0] / batch

backward
e7   dconv2_y[n,c,h,w] = 1 / batch * 0.00462963 * (conv2_y[n,c,h,w] - target[n,c,h,w]) + 1 / batch * 0.00462963 * (conv2_y[n,c,h,w] - target[n,c,h,w])
e8   dconv2_bias[3g+k] = sum{n,i,j} dconv2_y[n,3g+k,i,j]
e9   dconv2_sum[n,g,k,i,j] = dconv2_y[n,3g+k,i,j]
e10  dconv1_y[n,2g+c,h,w] = sum{k,r,s} dconv2_sum[n,g,k,h-2r+2,w-2s+2] * conv2_weight[3g+k,c,r,s]
e11  dconv2_weight[3g+k,c,r,s] = sum{n,i,j} dconv2_sum[n,g,k,i,j] * conv1_y[n,2g+c,i+2r-2,j+2s-2]
e12  dconv1_weight[k,c,0,0] = sum{n,i,j} dconv1_y[n,k,i,j] * x[n,c,i,j]

update
e13  conv1_weight_d[k,c,0,0] = dconv1_weight[k,c,0,0]
e14  conv1_weight_momentum_buffer[k,c,0,0] = conv1_weight_d[k,c,0,0]
e15  conv1_weight[k,c,0,0] := conv1_weight[k,c,0,0] - hyper0 * conv1_weight_momentum_buffer[k,c,0,0]
e16  conv2_weight_d[k,c,r,s] = dconv2_weight[k,c,r,s]
e17  conv2_weight_momentum_buffer[k,c,r,s] = conv2_weight_d[k,c,r,s]
e18  conv2_weight[k,c,r,s] := conv2_weight[k,c,r,s] - hyper0 * conv2_weight_momentum_buffer[k,c,r,s]
e19  conv2_bias_d[k] = dconv2_bias[k]
e20  conv2_bias_momentum_buffer[k] = conv2_bias_d[k]
e21  conv2_bias[k] := conv2_bias[k] - hyper0 * conv2_bias_momentum_buffer[k]

evaluation
e22  eval_conv1_y[n,k,i,j] = sum{c} x[n,c,i,j] * conv1_weight[k,c,0,0]
e23  eval_conv2_sum[n,g,k,i,j] = sum{c,r,s} eval_conv1_y[n,2g+c,i+2r-2,j+2s-2] * conv2_weight[3g+k,c,r,s]
e24  conv2_y[n,3g+k,i,j] = conv2_bias[3g+k] + eval_conv2_sum[n,g,k,i,j]
e25  eval_sum[n] = sum{c,h,w} (conv2_y[n,c,h,w] - target[n,c,h,w]) * (conv2_y[n,c,h,w] - target[n,c,h,w])
e26  eval_loss[n] = eval_sum[n] * 0.00462963
e27  eval_sum2[0] = sum{n} eval_loss[n]
e28  loss[0] = eval_sum2[0] / batch
