forward
e0   conv1_sum[n,k,i,j] = sum{c} x[n,c,i,j] * conv1_weight[k,c,0,0]                 | k00
e1   conv1_y[n,k,i,j] = conv1_bias[k] + conv1_sum[n,k,i,j]                          | k00
---- barrier
e2   conv2_sum[n,k,i,j] = sum{c,r,s} conv1_y[n,c,2i+r-1,2j+s-1] * conv2_weight[k,c,r,s] | k01
e3   conv2_y[n,k,i,j] = conv2_bias[k] + conv2_sum[n,k,i,j]                          | k01
e4   relu1_y[n,k,i,j] = max(0, conv2_y[n,k,i,j])                                    | k01
e9   drelu1_y[n,k,i,j] = 1 / batch * 0.0208333 * (relu1_y[n,k,i,j] - target[n,k,i,j]) + 1 / batch * 0.0208333 * (relu1_y[n,k,i,j] - target[n,k,i,j]) | k01
e10  dconv2_y[n,k,i,j] = ifgt(relu1_y[n,k,i,j], 0, drelu1_y[n,k,i,j], 0)            | k01
---- barrier
e5   loss_sum[n] = sum{c,h,w} (relu1_y[n,c,h,w] - target[n,c,h,w]) * (relu1_y[n,c,h,w] - target[n,c,h,w]) | k02
e6   loss_loss[n] = loss_sum[n] * 0.0208333                                         | k02
---- barrier
e7   loss_sum2[0] = sum{n} loss_loss[n]                                             | k03
e8   loss[0] = loss_sum2[0] / batch                                                 | k03

backward
e11  dconv2_bias[k] = sum{n,i,j} dconv2_y[n,k,i,j]                                  | k04
e12  dconv1_y[n,c,2u,2v] = sum{k} dconv2_y[n,k,u,v] * conv2_weight[k,c,1,1]         | k05
---- barrier
e13  dconv1_y[n,c,2u,2v+1] = sum{k,s} dconv2_y[n,k,u,v-s+1] * conv2_weight[k,c,1,2s] | k06
---- barrier
e14  dconv1_y[n,c,2u+1,2v] = sum{k,r} dconv2_y[n,k,u-r+1,v] * conv2_weight[k,c,2r,1] | k07
---- barrier
e15  dconv1_y[n,c,2u+1,2v+1] = sum{k,r,s} dconv2_y[n,k,u-r+1,v-s+1] * conv2_weight[k,c,2r,2s] | k08
e16  dconv2_weight[k,c,r,s] = sum{n,i,j} dconv2_y[n,k,i,j] * conv1_y[n,c,r+2i-1,s+2j-1] | k09
---- barrier
e17  dconv1_bias[k] = sum{n,i,j} dconv1_y[n,k,i,j]                                  | k10
e18  dconv1_weight[k,c,0,0] = sum{n,i,j} dconv1_y[n,k,i,j] * x[n,c,i,j]             | k11

update
---- barrier
e19  conv1_weight_d[k,c,0,0] = dconv1_weight[k,c,0,0]                               | k12
e20  conv1_weight_momentum_buffer[k,c,0,0] = conv1_weight_d[k,c,0,0]                | k12
e21  conv1_weight[k,c,0,0] := conv1_weight[k,c,0,0] - hyper0 * conv1_weight_momentum_buffer[k,c,0,0] | k12
e22  conv1_bias_d[k] = dconv1_bias[k]                                               | k13
e23  conv1_bias_momentum_buffer[k] = conv1_bias_d[k]                                | k13
e24  conv1_bias[k] := conv1_bias[k] - hyper0 * conv1_bias_momentum_buffer[k]        | k13
e25  conv2_weight_d[k,c,r,s] = dconv2_weight[k,c,r,s]                               | k14
e26  conv2_weight_momentum_buffer[k,c,r,s] = conv2_weight_d[k,c,r,s]                | k14
e27  conv2_weight[k,c,r,s] := conv2_weight[k,c,r,s] - hyper0 * conv2_weight_momentum_buffer[k,c,r,s] | k14
e28  conv2_bias_d[k] = dconv2_bias[k]                                               | k15
e29  conv2_bias_momentum_buffer[k] = conv2_bias_d[k]                                | k15
e30  conv2_bias[k] := conv2_bias[k] - hyper0 * conv2_bias_momentum_buffer[k]        | k15

evaluation
e31  eval_conv1_sum[n,k,i,j] = sum{c} x[n,c,i,j] * conv1_weight[k,c,0,0]            | k16
e32  eval_conv1_y[n,k,i,j] = conv1_bias[k] + eval_conv1_sum[n,k,i,j]                | k16
---- barrier
e33  eval_conv2_sum[n,k,i,j] = sum{c,r,s} eval_conv1_y[n,c,2i+r-1,2j+s-1] * conv2_weight[k,c,r,s] | k17
e34  eval_conv2_y[n,k,i,j] = conv2_bias[k] + eval_conv2_sum[n,k,i,j]                | k17
e35  relu1_y[n,k,i,j] = max(0, eval_conv2_y[n,k,i,j])                               | k17
---- barrier
e36  eval_sum[n] = sum{c,h,w} (relu1_y[n,c,h,w] - target[n,c,h,w]) * (relu1_y[n,c,h,w] - target[n,c,h,w]) | k18
e37  eval_loss[n] = eval_sum[n] * 0.0208333                                         | k18
---- barrier
e38  eval_sum2[0] = sum{n} eval_loss[n]                                             | k19
e39  loss[0] = eval_sum2[0] / batch                                                 | k19
