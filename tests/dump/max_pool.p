forward
e0   conv1_y[n,k,i,j] = conv1_bias[k] + x[n,0,i,j] * conv1_weight[k,0,0,0]          | k00 | n/8 ... n%8    |     5760 | 0-0
e1   max_pool1_y[n,c,i,j] = max{r,s} conv1_y[n,c,2i+r,2j+s]                         | k01 | n/8 ... n%8    |     3328 | 0-6
e6   dmax_pool1_y[n,c,i,j] = 1 / batch * 0.0555556 * (max_pool1_y[n,c,i,j] - target[n,c,i,j]) + 1 / batch * 0.0555556 * (max_pool1_y[n,c,i,j] - target[n,c,i,j]) | k01 | n/8 ... n%8    |    12032 | 0-1
e2   loss_sum[n] = sum{c,h,w} (max_pool1_y[n,c,h,w] - target[n,c,h,w]) * (max_pool1_y[n,c,h,w] - target[n,c,h,w]) | k02 | registers     
e3   loss_loss[n] = loss_sum[n] * 0.0555556                                         | k02 | n/8 ... n%8    |    13504 | 0-1
---- barrier
e4   loss_sum2[0] = sum{n} loss_loss[n]                                             | k03 | registers     
e5   loss[0] = loss_sum2[0] / batch                                                 | k03 | row-major      |     3136 | 0-6

backward
e7   dconv1_y[n,c,2u,2v] = sum{r,s} ifeq(max_pool1_y_argmax[n,c,u-r,v-s], (6r+2s), dmax_pool1_y[n,c,u-r,v-s], 0) | k04 | n/8 ... n%8    |     5760 | 1-2
e8   dconv1_y[n,c,2u,2v+1] = sum{r} ifeq(max_pool1_y_argmax[n,c,u-r,v], (6r+1), dmax_pool1_y[n,c,u-r,v], 0) | k05 | n/8 ... n%8    |     5760 | 1-2
e9   dconv1_y[n,c,2u+1,2v] = sum{s} ifeq(max_pool1_y_argmax[n,c,u,v-s], (2s+3), dmax_pool1_y[n,c,u,v-s], 0) | k06 | n/8 ... n%8    |     5760 | 1-2
e10  dconv1_y[n,c,2u+1,2v+1] = ifeq(max_pool1_y_argmax[n,c,u,v], 4, dmax_pool1_y[n,c,u,v], 0) | k07 | n/8 ... n%8    |     5760 | 1-2
---- barrier
e11  dconv1_bias[k] = sum{n,i,j} dconv1_y[n,k,i,j]                                  | k08 | row-major      |     5632 | 0-6
e12  dconv1_weight[k,0,0,0] = sum{n,i,j} dconv1_y[n,k,i,j] * x[n,0,i,j]             | k09 | row-major      |     5696 | 0-6

update
---- barrier
e13  conv1_weight_d[k,0,0,0] = dconv1_weight[k,0,0,0]                               | k10 | registers     
e14  conv1_weight_momentum_buffer[k,0,0,0] = conv1_weight_d[k,0,0,0]                | k10 | registers     
e15  conv1_weight[k,0,0,0] := conv1_weight[k,0,0,0] - hyper0 * conv1_weight_momentum_buffer[k,0,0,0] | k10 | row-major      |     3200 | 0-6
e16  conv1_bias_d[k] = dconv1_bias[k]                                               | k11 | registers     
e17  conv1_bias_momentum_buffer[k] = conv1_bias_d[k]                                | k11 | registers     
e18  conv1_bias[k] := conv1_bias[k] - hyper0 * conv1_bias_momentum_buffer[k]        | k11 | row-major      |     3264 | 0-6

evaluation
e19  eval_conv1_y[n,k,i,j] = conv1_bias[k] + x[n,0,i,j] * conv1_weight[k,0,0,0]     | k12 | n/8 ... n%8    |     5760 | 4-4
e20  max_pool1_y[n,c,i,j] = max{r,s} eval_conv1_y[n,c,2i+r,2j+s]                    | k13 | n/8 ... n%8    |     3328 | 0-6
e21  eval_sum[n] = sum{c,h,w} (max_pool1_y[n,c,h,w] - target[n,c,h,w]) * (max_pool1_y[n,c,h,w] - target[n,c,h,w]) | k14 | registers     
e22  eval_loss[n] = eval_sum[n] * 0.0555556                                         | k14 | n/8 ... n%8    |    12032 | 4-5
---- barrier
e23  eval_sum2[0] = sum{n} eval_loss[n]                                             | k15 | registers     
e24  loss[0] = eval_sum2[0] / batch                                                 | k15 | row-major      |     3136 | 0-6

arena 13568 bytes
