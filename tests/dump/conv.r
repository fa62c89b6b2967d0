forward
e0   conv1_sum[n,k,i,j] = sum{c} x[n,c,i,j] * conv1_weight[k,c,0,0]
e1   conv1_y[n,k,i,j] = conv1_bias[k] + conv1_sum[n,k,i,j]
e2   conv2_sum[n,k,i,j] = sum{c,r,s} conv1_y[n,c,2i+r-1,2j+s-1] * conv2_weight[k,c,r,s]
e3   conv2_y[n,k,i,j] = conv2_bias[k] + conv2_sum[n,k,i,j]
e4   relu1_y[n,c,h,w] = max(0, conv2_y[n,c,h,w])
e5   loss_sum[n] = sum{c,h,w} (relu1_y[n,c,h,w] - target[n,c,h,w]) * (relu1_y[n,c,h,w] - target[n,c,h,w])
e6   loss_loss[n] = loss_sum[n] * 0.0208333
e7   loss_sum2[0] = sum{n} loss_loss[n]
e8   loss[0] = loss_sum2[0] / batch

backward
e9   drelu1_y[n,c,h,w] = 1 / batch * 0.0208333 * (relu1_y[n,c,h,w] - target[n,c,h,w]) + 1 / batch * 0.0208333 * (relu1_y[n,c,h,w] - target[n,c,h,w])
e10  dconv2_y[n,c,h,w] = ifgt(relu1_y[n,c,h,w], 0, drelu1_y[n,c,h,w], 0)
e11  dconv2_bias[k] = sum{n,i,j} dconv2_y[n,k,i,j]
e12  dconv1_y[n,c,2u,2v] = sum{k} dconv2_y[n,k,u,v] * conv2_weight[k,c,1,1]
e13  dconv1_y[n,c,2u,2v+1] = sum{k,s} dconv2_y[n,k,u,v-s+1] * conv2_weight[k,c,1,2s]
e14  dconv1_y[n,c,2u+1,2v] = sum{k,r} dconv2_y[n,k,u-r+1,v] * conv2_weight[k,c,2r,1]
e15  dconv1_y[n,c,2u+1,2v+1] = sum{k,r,s} dconv2_y[n,k,u-r+1,v-s+1] * conv2_weight[k,c,2r,2s]
e16  dconv2_weight[k,c,r,s] = sum{n,i,j} dconv2_y[n,k,i,j] * conv1_y[n,c,2i+r-1,2j+s-1]
e17  dconv1_bias[k] = sum{n,i,j} dconv1_y[n,k,i,j]
e18  dconv1_weight[k,c,0,0] = sum{n,i,j} dconv1_y[n,k,i,j] * x[n,c,i,j]

update
e19  conv1_weight_d[k,c,0,0] = dconv1_weight[k,c,0,0]
e20  conv1_weight_momentum_buffer[k,c,0,0] = conv1_weight_d[k,c,0,0]
e21  conv1_weight[k,c,0,0] := conv1_weight[k,c,0,0] - hyper0 * conv1_weight_momentum_buffer[k,c,0,0]
e22  conv1_bias_d[k] = dconv1_bias[k]
e23  conv1_bias_momentum_buffer[k] = conv1_bias_d[k]
e24  conv1_bias[k] := conv1_bias[k] - hyper0 * conv1_bias_momentum_buffer[k]
e25  conv2_weight_d[k,c,r,s] = dconv2_weight[k,c,r,s]
e26  conv2_weight_momentum_buffer[k,c,r,s] = conv2_weight_d[k,c,r,s]
e27  conv2_weight[k,c,r,s] := conv2_weight[k,c,r,s] - hyper0 * conv2_weight_momentum_buffer[k,c,r,s]
e28  conv2_bias_d[k] = dconv2_bias[k]
e29  conv2_bias_momentum_buffer[k] = conv2_bias_d[k]
e30  conv2_bias[k] := conv2_bias[k] - hyper0 * conv2_bias_momentum_buffer[k]

evaluation
e31  eval_conv1_sum[n,k,i,j] = sum{c} x[n,c,i,j] * conv1_weight[k,c,0,0]
e32  eval_conv1_y[n,k,i,j] = conv1_bias[k] + eval_conv1_sum[n,k,i,j]
e33  eval_conv2_sum[n,k,i,j] = sum{c,r,s} eval_conv1_y[n,c,2i+r-1,2j+s-1] * conv2_weight[k,c,r,s]
e34  eval_conv2_y[n,k,i,j] = conv2_bias[k] + eval_conv2_sum[n,k,i,j]
e35  relu1_y[n,c,h,w] = max(0, eval_conv2_y[n,c,h,w])
e36  eval_sum[n] = sum{c,h,w} (relu1_y[n,c,h,w] - target[n,c,h,w]) * (relu1_y[n,c,h,w] - target[n,c,h,w])
e37  eval_loss[n] = eval_sum[n] * 0.0208333
e38  eval_sum2[0] = sum{n} eval_loss[n]
e39  loss[0] = eval_sum2[0] / batch
