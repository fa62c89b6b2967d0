forward
e0   conv1_y[n,k,i,j] = conv1_bias[k] + x[n,0,i,j] * conv1_weight[k,0,0,0]          | k00 | n/8 ... n%8    |     2304 | 0-1
---- barrier
e1   avg_pool1_sum[n,c,i,j] = sum{r,s} conv1_y[n,c,2i+r-1,2j+s-1]                   | k01 | n/8 ... n%8    |     3904 | 1-2
---- barrier
e2   avg_pool1_sum2[i,j] = sum{r,s} inside(2i+r-1, 5) * inside(2j+s-1, 5)           | k02 | registers     
e3   avg_pool1_y[n,c,i,j] = avg_pool1_sum[n,c,i,j] / avg_pool1_sum2[i,j]            | k02 | n/8 ... n%8    |     1024 | 0-14
e30  davg_pool1_y[n,c,i,j] = 1 / batch * 0.0555556 * (avg_pool1_y[n,c,i,j] - target[n,c,i,j]) + 1 / batch * 0.0555556 * (avg_pool1_y[n,c,i,j] - target[n,c,i,j]) | k02 | n/8 ... n%8    |     4480 | 2-2
e9   davg_pool1_sum[n,c,i,j] = davg_pool1_y[n,c,i,j] / avg_pool1_sum2[i,j]          | k02 | n/8 ... n%8    |     5056 | 2-6
e31  dconv1_y[n,c,2i,2j] = davg_pool1_sum[n,c,i,j]                                  | k02 | n/8 ... n%8    |     2304 | 2-7
---- barrier
e4   loss_sum[n] = sum{c,h,w} (avg_pool1_y[n,c,h,w] - target[n,c,h,w]) * (avg_pool1_y[n,c,h,w] - target[n,c,h,w]) | k03 | registers     
e5   loss_loss[n] = loss_sum[n] * 0.0555556                                         | k03 | n/8 ... n%8    |     3904 | 3-4
---- barrier
e6   loss_sum2[0] = sum{n} loss_loss[n]                                             | k04 | registers     
e7   loss[0] = loss_sum2[0] / batch                                                 | k04 | row-major      |      832 | 0-14

backward
e11  dconv1_y[n,c,2u,2v+1] = sum{s} davg_pool1_sum[n,c,u,v-s+1]                     | k05 | n/8 ... n%8    |     2304 | 2-7
---- barrier
e12  dconv1_y[n,c,2u+1,2v] = sum{r} davg_pool1_sum[n,c,u-r+1,v]                     | k06 | n/8 ... n%8    |     2304 | 2-7
---- barrier
e13  dconv1_y[n,c,2u+1,2v+1] = sum{r,s} davg_pool1_sum[n,c,u-r+1,v-s+1]             | k07 | n/8 ... n%8    |     2304 | 2-7
---- barrier
e14  dconv1_bias[k] = sum{n,i,j} dconv1_y[n,k,i,j]                                  | k08 | row-major      |     2176 | 0-14
e15  dconv1_weight[k,0,0,0] = sum{n,i,j} dconv1_y[n,k,i,j] * x[n,0,i,j]             | k09 | row-major      |     2240 | 0-14

update
---- barrier
e16  conv1_weight_d[k,0,0,0] = dconv1_weight[k,0,0,0]                               | k10 | registers     
e17  conv1_weight_momentum_buffer[k,0,0,0] = conv1_weight_d[k,0,0,0]                | k10 | registers     
e18  conv1_weight[k,0,0,0] := conv1_weight[k,0,0,0] - hyper0 * conv1_weight_momentum_buffer[k,0,0,0] | k10 | row-major      |      896 | 0-14
e19  conv1_bias_d[k] = dconv1_bias[k]                                               | k11 | registers     
e20  conv1_bias_momentum_buffer[k] = conv1_bias_d[k]                                | k11 | registers     
e21  conv1_bias[k] := conv1_bias[k] - hyper0 * conv1_bias_momentum_buffer[k]        | k11 | row-major      |      960 | 0-14

evaluation
e22  eval_conv1_y[n,k,i,j] = conv1_bias[k] + x[n,0,i,j] * conv1_weight[k,0,0,0]     | k12 | n/8 ... n%8    |     2304 | 9-10
---- barrier
e23  eval_avg_pool1_sum[n,c,i,j] = sum{r,s} eval_conv1_y[n,c,2i+r-1,2j+s-1]         | k13 | n/8 ... n%8    |     3904 | 10-11
---- barrier
e24  eval_avg_pool1_sum2[i,j] = sum{r,s} inside(2i+r-1, 5) * inside(2j+s-1, 5)      | k14 | registers     
e25  avg_pool1_y[n,c,i,j] = eval_avg_pool1_sum[n,c,i,j] / eval_avg_pool1_sum2[i,j]  | k14 | n/8 ... n%8    |     1024 | 0-14
---- barrier
e26  eval_sum[n] = sum{c,h,w} (avg_pool1_y[n,c,h,w] - target[n,c,h,w]) * (avg_pool1_y[n,c,h,w] - target[n,c,h,w]) | k15 | registers     
e27  eval_loss[n] = eval_sum[n] * 0.0555556                                         | k15 | n/8 ... n%8    |     2304 | 12-13
---- barrier
e28  eval_sum2[0] = sum{n} eval_loss[n]                                             | k16 | registers     
e29  loss[0] = eval_sum2[0] / batch                                                 | k16 | row-major      |      832 | 0-14

arena 5632 bytes
