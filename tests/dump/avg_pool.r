forward
e0   conv1_y[n,k,i,j] = conv1_bias[k] + x[n,0,i,j] * conv1_weight[k,0,0,0]
e1   avg_pool1_sum[n,c,i,j] = sum{r,s} conv1_y[n,c,2i+r-1,2j+s-1]
e2   avg_pool1_sum2[i,j] = sum{r,s} inside(2i+r-1, 5) * inside(2j+s-1, 5)
e3   avg_pool1_y[n,c,i,j] = avg_pool1_sum[n,c,i,j] / avg_pool1_sum2[i,j]
e4   loss_sum[n] = sum{c,h,w} (avg_pool1_y[n,c,h,w] - target[n,c,h,w]) * (avg_pool1_y[n,c,h,w] - target[n,c,h,w])
e5   loss_loss[n] = loss_sum[n] * 0.0555556
e6   loss_sum2[0] = sum{n} loss_loss[n]
e7   loss[0] = loss_sum2[0] / batch

backward
e8   davg_pool1_y[n,c,h,w] = 1 / batch * 0.0555556 * (avg_pool1_y[n,c,h,w] - target[n,c,h,w]) + 1 / batch * 0.0555556 * (avg_pool1_y[n,c,h,w] - target[n,c,h,w])
e9   davg_pool1_sum[n,c,i,j] = davg_pool1_y[n,c,i,j] / avg_pool1_sum2[i,j]
e10  dconv1_y[n,c,2u,2v] = davg_pool1_sum[n,c,u,v]
e11  dconv1_y[n,c,2u,2v+1] = sum{s} davg_pool1_sum[n,c,u,v-s+1]
e12  dconv1_y[n,c,2u+1,2v] = sum{r} davg_pool1_sum[n,c,u-r+1,v]
e13  dconv1_y[n,c,2u+1,2v+1] = sum{r,s} davg_pool1_sum[n,c,u-r+1,v-s+1]
e14  dconv1_bias[k] = sum{n,i,j} dconv1_y[n,k,i,j]
e15  dconv1_weight[k,0,0,0] = sum{n,i,j} dconv1_y[n,k,i,j] * x[n,0,i,j]

update
e16  conv1_weight_d[k,0,0,0] = dconv1_weight[k,0,0,0]
e17  conv1_weight_momentum_buffer[k,0,0,0] = conv1_weight_d[k,0,0,0]
e18  conv1_weight[k,0,0,0] := conv1_weight[k,0,0,0] - hyper0 * conv1_weight_momentum_buffer[k,0,0,0]
e19  conv1_bias_d[k] = dconv1_bias[k]
e20  conv1_bias_momentum_buffer[k] = conv1_bias_d[k]
e21  conv1_bias[k] := conv1_bias[k] - hyper0 * conv1_bias_momentum_buffer[k]

evaluation
e22  eval_conv1_y[n,k,i,j] = conv1_bias[k] + x[n,0,i,j] * conv1_weight[k,0,0,0]
e23  eval_avg_pool1_sum[n,c,i,j] = sum{r,s} eval_conv1_y[n,c,2i+r-1,2j+s-1]
e24  eval_avg_pool1_sum2[i,j] = sum{r,s} inside(2i+r-1, 5) * inside(2j+s-1, 5)
e25  avg_pool1_y[n,c,i,j] = eval_avg_pool1_sum[n,c,i,j] / eval_avg_pool1_sum2[i,j]
e26  eval_sum[n] = sum{c,h,w} (avg_pool1_y[n,c,h,w] - target[n,c,h,w]) * (avg_pool1_y[n,c,h,w] - target[n,c,h,w])
e27  eval_loss[n] = eval_sum[n] * 0.0555556
e28  eval_sum2[0] = sum{n} eval_loss[n]
e29  loss[0] = eval_sum2[0] / batch
