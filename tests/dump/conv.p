forward
e0   conv1_sum[n,k,i,j] = sum{c} x[n,c,i,j] * conv1_weight[k,c,0,0]                 | k00 | registers     
e1   conv1_y[n,k,i,j] = conv1_bias[k] + conv1_sum[n,k,i,j]                          | k00 | n/8 ... n%8    |     7104 | 0-6
---- barrier
e2   conv2_sum[n,k,i,j] = sum{c,r,s} conv1_y[n,c,2i+r-1,2j+s-1] * conv2_weight[k,c,r,s] | k01 | registers     
e3   conv2_y[n,k,i,j] = conv2_bias[k] + conv2_sum[n,k,i,j]                          | k01 | registers     
e4   relu1_y[n,k,i,j] = max(0, conv2_y[n,k,i,j])                                    | k01 | n/8 ... n%8    |     3392 | 0-13
e9   drelu1_y[n,k,i,j] = 1 / batch * 0.0208333 * (relu1_y[n,k,i,j] - target[n,k,i,j]) + 1 / batch * 0.0208333 * (relu1_y[n,k,i,j] - target[n,k,i,j]) | k01 | registers     
e10  dconv2_y[n,k,i,j] = ifgt(relu1_y[n,k,i,j], 0, drelu1_y[n,k,i,j], 0)            | k01 | n/8 ... n%8    |    18624 | 1-6
---- barrier
e5   loss_sum[n] = sum{c,h,w} (relu1_y[n,c,h,w] - target[n,c,h,w]) * (relu1_y[n,c,h,w] - target[n,c,h,w]) | k02 | registers     
e6   loss_loss[n] = loss_sum[n] * 0.0208333                                         | k02 | n/8 ... n%8    |    15168 | 2-3
---- barrier
e7   loss_sum2[0] = sum{n} loss_loss[n]                                             | k03 | registers     
e8   loss[0] = loss_sum2[0] / batch                                                 | k03 | row-major      |     2688 | 0-13

backward
e11  dconv2_bias[k] = sum{n,i,j} dconv2_y[n,k,i,j]                                  | k04 | row-major      |     6464 | 0-13
e12  dconv1_y[n,c,2u,2v] = sum{k} dconv2_y[n,k,u,v] * conv2_weight[k,c,1,1]         | k05 | n/8 ... n%8    |    11136 | 3-7
---- barrier
e13  dconv1_y[n,c,2u,2v+1] = sum{k,s} dconv2_y[n,k,u,v-s+1] * conv2_weight[k,c,1,2s] | k06 | n/8 ... n%8    |    11136 | 3-7
---- barrier
e14  dconv1_y[n,c,2u+1,2v] = sum{k,r} dconv2_y[n,k,u-r+1,v] * conv2_weight[k,c,2r,1] | k07 | n/8 ... n%8    |    11136 | 3-7
---- barrier
e15  dconv1_y[n,c,2u+1,2v+1] = sum{k,r,s} dconv2_y[n,k,u-r+1,v-s+1] * conv2_weight[k,c,2r,2s] | k08 | n/8 ... n%8    |    11136 | 3-7
e16  dconv2_weight[k,c,r,s] = sum{n,i,j} dconv2_y[n,k,i,j] * conv1_y[n,c,r+2i-1,s+2j-1] | k09 | row-major      |     6528 | 0-13
---- barrier
e17  dconv1_bias[k] = sum{n,i,j} dconv1_y[n,k,i,j]                                  | k10 | row-major      |     6976 | 0-13
e18  dconv1_weight[k,c,0,0] = sum{n,i,j} dconv1_y[n,k,i,j] * x[n,c,i,j]             | k11 | row-major      |     7040 | 0-13

update
---- barrier
e19  conv1_weight_d[k,c,0,0] = dconv1_weight[k,c,0,0]                               | k12 | registers     
e20  conv1_weight_momentum_buffer[k,c,0,0] = conv1_weight_d[k,c,0,0]                | k12 | registers     
e21  conv1_weight[k,c,0,0] := conv1_weight[k,c,0,0] - hyper0 * conv1_weight_momentum_buffer[k,c,0,0] | k12 | row-major      |     2752 | 0-13
e22  conv1_bias_d[k] = dconv1_bias[k]                                               | k13 | registers     
e23  conv1_bias_momentum_buffer[k] = conv1_bias_d[k]                                | k13 | registers     
e24  conv1_bias[k] := conv1_bias[k] - hyper0 * conv1_bias_momentum_buffer[k]        | k13 | row-major      |     2816 | 0-13
e25  conv2_weight_d[k,c,r,s] = dconv2_weight[k,c,r,s]                               | k14 | registers     
e26  conv2_weight_momentum_buffer[k,c,r,s] = conv2_weight_d[k,c,r,s]                | k14 | registers     
e27  conv2_weight[k,c,r,s] := conv2_weight[k,c,r,s] - hyper0 * conv2_weight_momentum_buffer[k,c,r,s] | k14 | row-major      |     2880 | 0-13
e28  conv2_bias_d[k] = dconv2_bias[k]                                               | k15 | registers     
e29  conv2_bias_momentum_buffer[k] = conv2_bias_d[k]                                | k15 | registers     
e30  conv2_bias[k] := conv2_bias[k] - hyper0 * conv2_bias_momentum_buffer[k]        | k15 | row-major      |     3328 | 0-13

evaluation
e31  eval_conv1_sum[n,k,i,j] = sum{c} x[n,c,i,j] * conv1_weight[k,c,0,0]            | k16 | registers     
e32  eval_conv1_y[n,k,i,j] = conv1_bias[k] + eval_conv1_sum[n,k,i,j]                | k16 | n/8 ... n%8    |     7104 | 9-10
---- barrier
e33  eval_conv2_sum[n,k,i,j] = sum{c,r,s} eval_conv1_y[n,c,2i+r-1,2j+s-1] * conv2_weight[k,c,r,s] | k17 | registers     
e34  eval_conv2_y[n,k,i,j] = conv2_bias[k] + eval_conv2_sum[n,k,i,j]                | k17 | registers     
e35  relu1_y[n,k,i,j] = max(0, eval_conv2_y[n,k,i,j])                               | k17 | n/8 ... n%8    |     3392 | 0-13
---- barrier
e36  eval_sum[n] = sum{c,h,w} (relu1_y[n,c,h,w] - target[n,c,h,w]) * (relu1_y[n,c,h,w] - target[n,c,h,w]) | k18 | registers     
e37  eval_loss[n] = eval_sum[n] * 0.0208333                                         | k18 | n/8 ... n%8    |     7104 | 11-12
---- barrier
e38  eval_sum2[0] = sum{n} eval_loss[n]                                             | k19 | registers     
e39  loss[0] = eval_sum2[0] / batch                                                 | k19 | row-major      |     2688 | 0-13

arena 20160 bytes
