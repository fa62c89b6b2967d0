forward
e0   conv1_y[n,k,i,j] = sum{c} x[n,c,i,j] * conv1_weight[k,c,0,0]                   | k00
---- barrier
e1   conv2_sum[n,g,k,i,j] = sum{c,r,s} conv1_y[n,2g+c,i+2r-2,j+2s-2] * conv2_weight[3g+k,c,r,s] | k01
e2   conv2_y[n,3g+k,i,j] = conv2_bias[3g+k] + conv2_sum[n,g,k,i,j]                  | k01
---- barrier
e3   loss_sum[n] = sum{c,h,w} (conv2_y[n,c,h,w] - target[n,c,h,w]) * (conv2_y[n,c,h,w] - target[n,c,h,w]) | k02
e4   loss_loss[n] = loss_sum[n] * 0.00462963                                        | k02
---- barrier
e5   loss_sum2[0] = sum{n} loss_loss[n]                                             | k03
e6   loss[0] = loss_sum2[0] / batch                                                 | k03

backward
e7   dconv2_y[n,c,h,w] = 1 / batch * 0.00462963 * (conv2_y[n,c,h,w] - target[n,c,h,w]) + 1 / batch * 0.00462963 * (conv2_y[n,c,h,w] - target[n,c,h,w]) | k04
---- barrier
e8   dconv2_bias[3g+k] = sum{n,i,j} dconv2_y[n,3g+k,i,j]                            | k05
e9   dconv2_sum[n,g,k,i,j] = dconv2_y[n,3g+k,i,j]                                   | k06
---- barrier
e10  dconv1_y[n,2g+c,h,w] = sum{k,r,s} dconv2_sum[n,g,k,h-2r+2,w-2s+2] * conv2_weight[3g+k,c,r,s] | k07
e11  dconv2_weight[3g+k,c,r,s] = sum{n,i,j} dconv2_sum[n,g,k,i,j] * conv1_y[n,2g+c,2r+i-2,2s+j-2] | k08
---- barrier
e12  dconv1_weight[k,c,0,0] = sum{n,i,j} dconv1_y[n,k,i,j] * x[n,c,i,j]             | k09

update
---- barrier
e13  conv1_weight_d[k,c,0,0] = dconv1_weight[k,c,0,0]                               | k10
e14  conv1_weight_momentum_buffer[k,c,0,0] = conv1_weight_d[k,c,0,0]                | k10
e15  conv1_weight[k,c,0,0] := conv1_weight[k,c,0,0] - hyper0 * conv1_weight_momentum_buffer[k,c,0,0] | k10
e16  conv2_weight_d[k,c,r,s] = dconv2_weight[k,c,r,s]                               | k11
e17  conv2_weight_momentum_buffer[k,c,r,s] = conv2_weight_d[k,c,r,s]                | k11
e18  conv2_weight[k,c,r,s] := conv2_weight[k,c,r,s] - hyper0 * conv2_weight_momentum_buffer[k,c,r,s] | k11
e19  conv2_bias_d[k] = dconv2_bias[k]                                               | k12
e20  conv2_bias_momentum_buffer[k] = conv2_bias_d[k]                                | k12
e21  conv2_bias[k] := conv2_bias[k] - hyper0 * conv2_bias_momentum_buffer[k]        | k12

evaluation
e22  eval_conv1_y[n,k,i,j] = sum{c} x[n,c,i,j] * conv1_weight[k,c,0,0]              | k13
---- barrier
e23  eval_conv2_sum[n,g,k,i,j] = sum{c,r,s} eval_conv1_y[n,2g+c,i+2r-2,j+2s-2] * conv2_weight[3g+k,c,r,s] | k14
e24  conv2_y[n,3g+k,i,j] = conv2_bias[3g+k] + eval_conv2_sum[n,g,k,i,j]             | k14
---- barrier
e25  eval_sum[n] = sum{c,h,w} (conv2_y[n,c,h,w] - target[n,c,h,w]) * (conv2_y[n,c,h,w] - target[n,c,h,w]) | k15
e26  eval_loss[n] = eval_sum[n] * 0.00462963                                        | k15
---- barrier
e27  eval_sum2[0] = sum{n} eval_loss[n]                                             | k16
e28  loss[0] = eval_sum2[0] / batch                                                 | k16
