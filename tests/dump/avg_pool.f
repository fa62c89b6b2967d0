forward
e0   conv1_y[n,k,i,j] = conv1_bias[k] + x[n,0,i,j] * conv1_weight[k,0,0,0]          | k00
---- barrier
e1   avg_pool1_sum[n,c,i,j] = sum{r,s} conv1_y[n,c,2i+r-1,2j+s-1]                   | k01
---- barrier
e2   avg_pool1_sum2[i,j] = sum{r,s} inside(2i+r-1, 5) * inside(2j+s-1, 5)           | k02
e3   avg_pool1_y[n,c,i,j] = avg_pool1_sum[n,c,i,j] / avg_pool1_sum2[i,j]            | k02
e30  davg_pool1_y[n,c,i,j] = 1 / batch * 0.0555556 * (avg_pool1_y[n,c,i,j] - target[n,c,i,j]) + 1 / batch * 0.0555556 * (avg_pool1_y[n,c,i,j] - target[n,c,i,j]) | k02
e9   davg_pool1_sum[n,c,i,j] = davg_pool1_y[n,c,i,j] / avg_pool1_sum2[i,j]          | k02
e31  dconv1_y[n,c,2i,2j] = davg_pool1_sum[n,c,i,j]                                  | k02
---- barrier
e4   loss_sum[n] = sum{c,h,w} (avg_pool1_y[n,c,h,w] - target[n,c,h,w]) * (avg_pool1_y[n,c,h,w] - target[n,c,h,w]) | k03
e5   loss_loss[n] = loss_sum[n] * 0.0555556                                         | k03
---- barrier
e6   loss_sum2[0] = sum{n} loss_loss[n]                                             | k04
e7   loss[0] = loss_sum2[0] / batch                                                 | k04

backward
e11  dconv1_y[n,c,2u,2v+1] = sum{s} davg_pool1_sum[n,c,u,v-s+1]                     | k05
---- barrier
e12  dconv1_y[n,c,2u+1,2v] = sum{r} davg_pool1_sum[n,c,u-r+1,v]                     | k06
---- barrier
e13  dconv1_y[n,c,2u+1,2v+1] = sum{r,s} davg_pool1_sum[n,c,u-r+1,v-s+1]             | k07
---- barrier
e14  dconv1_bias[k] = sum{n,i,j} dconv1_y[n,k,i,j]                                  | k08
e15  dconv1_weight[k,0,0,0] = sum{n,i,j} dconv1_y[n,k,i,j] * x[n,0,i,j]             | k09

update
---- barrier
e16  conv1_weight_d[k,0,0,0] = dconv1_weight[k,0,0,0]                               | k10
e17  conv1_weight_momentum_buffer[k,0,0,0] = conv1_weight_d[k,0,0,0]                | k10
e18  conv1_weight[k,0,0,0] := conv1_weight[k,0,0,0] - hyper0 * conv1_weight_momentum_buffer[k,0,0,0] | k10
e19  conv1_bias_d[k] = dconv1_bias[k]                                               | k11
e20  conv1_bias_momentum_buffer[k] = conv1_bias_d[k]                                | k11
e21  conv1_bias[k] := conv1_bias[k] - hyper0 * conv1_bias_momentum_buffer[k]        | k11

evaluation
e22  eval_conv1_y[n,k,i,j] = conv1_bias[k] + x[n,0,i,j] * conv1_weight[k,0,0,0]     | k12
---- barrier
e23  eval_avg_pool1_sum[n,c,i,j] = sum{r,s} eval_conv1_y[n,c,2i+r-1,2j+s-1]         | k13
---- barrier
e24  eval_avg_pool1_sum2[i,j] = sum{r,s} inside(2i+r-1, 5) * inside(2j+s-1, 5)      | k14
e25  avg_pool1_y[n,c,i,j] = eval_avg_pool1_sum[n,c,i,j] / eval_avg_pool1_sum2[i,j]  | k14
---- barrier
e26  eval_sum[n] = sum{c,h,w} (avg_pool1_y[n,c,h,w] - target[n,c,h,w]) * (avg_pool1_y[n,c,h,w] - target[n,c,h,w]) | k15
e27  eval_loss[n] = eval_sum[n] * 0.0555556                                         | k15
---- barrier
e28  eval_sum2[0] = sum{n} eval_loss[n]                                             | k16
e29  loss[0] = eval_sum2[0] / batch                                                 | k16
