forward
e0   conv1_y[n,k,i,j] = sum{c} x[n,c,i,j] * conv1_weight[k,c,0,0]                   | k00 | n/8 ... n%8    |    33472 | 0-5
---- barrier
e1   conv2_sum[n,g,k,i,j] = sum{c,r,s} conv1_y[n,2g+c,i+2r-2,j+2s-2] * conv2_weight[3g+k,c,r,s] | k01 | registers     
e2   conv2_y[n,3g+k,i,j] = conv2_bias[3g+k] + conv2_sum[n,g,k,i,j]                  | k01 | n/8 ... n%8    |     4736 | 0-12
---- barrier
e3   loss_sum[n] = sum{c,h,w} (conv2_y[n,c,h,w] - target[n,c,h,w]) * (conv2_y[n,c,h,w] - target[n,c,h,w]) | k02 | registers     
e4   loss_loss[n] = loss_sum[n] * 0.00462963                                        | k02 | n/8 ... n%8    |    26560 | 2-3
---- barrier
e5   loss_sum2[0] = sum{n} loss_loss[n]                                             | k03 | registers     
e6   loss[0] = loss_sum2[0] / batch                                                 | k03 | row-major      |     4608 | 0-12

backward
e7   dconv2_y[n,c,h,w] = 1 / batch * 0.00462963 * (conv2_y[n,c,h,w] - target[n,c,h,w]) + 1 / batch * 0.00462963 * (conv2_y[n,c,h,w] - target[n,c,h,w]) | k04 | n/8 ... n%8    |    19648 | 3-4
---- barrier
e8   dconv2_bias[3g+k] = sum{n,i,j} dconv2_y[n,3g+k,i,j]                            | k05 | row-major      |    19072 | 0-12
e9   dconv2_sum[n,g,k,i,j] = dconv2_y[n,3g+k,i,j]                                   | k06 | n/8 ... n%8    |    26560 | 4-5
---- barrier
e10  dconv1_y[n,2g+c,h,w] = sum{k,r,s} dconv2_sum[n,g,k,h-2r+2,w-2s+2] * conv2_weight[3g+k,c,r,s] | k07 | n/8 ... n%8    |    19648 | 5-6
e11  dconv2_weight[3g+k,c,r,s] = sum{n,i,j} dconv2_sum[n,g,k,i,j] * conv1_y[n,2g+c,2r+i-2,2s+j-2] | k08 | row-major      |    19136 | 0-12
---- barrier
e12  dconv1_weight[k,c,0,0] = sum{n,i,j} dconv1_y[n,k,i,j] * x[n,c,i,j]             | k09 | row-major      |    19584 | 0-12

update
---- barrier
e13  conv1_weight_d[k,c,0,0] = dconv1_weight[k,c,0,0]                               | k10 | registers     
e14  conv1_weight_momentum_buffer[k,c,0,0] = conv1_weight_d[k,c,0,0]                | k10 | registers     
e15  conv1_weight[k,c,0,0] := conv1_weight[k,c,0,0] - hyper0 * conv1_weight_momentum_buffer[k,c,0,0] | k10 | row-major      |     4672 | 0-12
e16  conv2_weight_d[k,c,r,s] = dconv2_weight[k,c,r,s]                               | k11 | registers     
e17  conv2_weight_momentum_buffer[k,c,r,s] = conv2_weight_d[k,c,r,s]                | k11 | registers     
e18  conv2_weight[k,c,r,s] := conv2_weight[k,c,r,s] - hyper0 * conv2_weight_momentum_buffer[k,c,r,s] | k11 | row-major      |    11648 | 0-12
e19  conv2_bias_d[k] = dconv2_bias[k]                                               | k12 | registers     
e20  conv2_bias_momentum_buffer[k] = conv2_bias_d[k]                                | k12 | registers     
e21  conv2_bias[k] := conv2_bias[k] - hyper0 * conv2_bias_momentum_buffer[k]        | k12 | row-major      |    12096 | 0-12

evaluation
e22  eval_conv1_y[n,k,i,j] = sum{c} x[n,c,i,j] * conv1_weight[k,c,0,0]              | k13 | n/8 ... n%8    |    19648 | 8-9
---- barrier
e23  eval_conv2_sum[n,g,k,i,j] = sum{c,r,s} eval_conv1_y[n,2g+c,i+2r-2,j+2s-2] * conv2_weight[3g+k,c,r,s] | k14 | registers     
e24  conv2_y[n,3g+k,i,j] = conv2_bias[3g+k] + eval_conv2_sum[n,g,k,i,j]             | k14 | n/8 ... n%8    |     4736 | 0-12
---- barrier
e25  eval_sum[n] = sum{c,h,w} (conv2_y[n,c,h,w] - target[n,c,h,w]) * (conv2_y[n,c,h,w] - target[n,c,h,w]) | k15 | registers     
e26  eval_loss[n] = eval_sum[n] * 0.00462963                                        | k15 | n/8 ... n%8    |    19648 | 10-11
---- barrier
e27  eval_sum2[0] = sum{n} eval_loss[n]                                             | k16 | registers     
e28  loss[0] = eval_sum2[0] / batch                                                 | k16 | row-major      |     4608 | 0-12

arena 41536 bytes
