forward
e0   conv1_y[n,k,i,j] = conv1_bias[k] + x[n,0,i,j] * conv1_weight[k,0,0,0]
e2   avg_pool1_sum[n,c,i,j] = sum{r,s} conv1_y[n,c,2i+r-1,2j+s-1]
e3   avg_pool1_sum2[i,j] = sum{r,s} inside(2i+r-1, 5) * inside(2j+s-1, 5)
e1   avg_pool1_y[n,c,i,j] = avg_pool1_sum[n,c,i,j] / avg_pool1_sum2[i,j]
e5   loss_sum[n] = sum{c,h,w} (avg_pool1_y[n,c,h,w] - target[n,c,h,w]) * (avg_pool1_y[n,c,h,w] - target[n,c,h,w])
e4   loss_loss[n] = loss_sum[n] * 0.0555556
e7   loss_sum2[0] = sum{n} loss_loss[n]
e6   loss[0] = loss_sum2[0] / batch

backward
e19  davg_pool1_y[n,c,h,w] = 1 / batch * 0.0555556 * (avg_pool1_y[n,c,h,w] - target[n,c,h,w]) + 1 / batch * 0.0555556 * (avg_pool1_y[n,c,h,w] - target[n,c,h,w])
e20  davg_pool1_sum[n,c,i,j] = davg_pool1_y[n,c,i,j] / avg_pool1_sum2[i,j]
e21  dconv1_y[n,c,2u,2v] = davg_pool1_sum[n,c,u,v]
e22  dconv1_y[n,c,2u,2v+1] = sum{s} davg_pool1_sum[n,c,u,v-s+1]
e23  dconv1_y[n,c,2u+1,2v] = sum{r} davg_pool1_sum[n,c,u-r+1,v]
e24  dconv1_y[n,c,2u+1,2v+1] = sum{r,s} davg_pool1_sum[n,c,u-r+1,v-s+1]
e25  dconv1_bias[k] = sum{n,i,j} dconv1_y[n,k,i,j]
e26  dconv1_weight[k,0,0,0] = sum{n,i,j} dconv1_y[n,k,i,j] * x[n,0,i,j]

update
e27  conv1_weight_d[k,0,0,0] = dconv1_weight[k,0,0,0]
e28  conv1_weight_momentum_buffer[k,0,0,0] = conv1_weight_d[k,0,0,0]
e29  conv1_weight[k,0,0,0] := conv1_weight[k,0,0,0] - hyper0 * conv1_weight_momentum_buffer[k,0,0,0]
e30  conv1_bias_d[k] = dconv1_bias[k]
e31  conv1_bias_momentum_buffer[k] = conv1_bias_d[k]
e32  conv1_bias[k] := conv1_bias[k] - hyper0 * conv1_bias_momentum_buffer[k]

evaluation
e8   eval_conv1_y[n,k,i,j] = conv1_bias[k] + x[n,0,i,j] * conv1_weight[k,0,0,0]
e10  eval_avg_pool1_sum[n,c,i,j] = sum{r,s} eval_conv1_y[n,c,2i+r-1,2j+s-1]
e11  eval_avg_pool1_sum2[i,j] = sum{r,s} inside(2i+r-1, 5) * inside(2j+s-1, 5)
e9   avg_pool1_y[n,c,i,j] = eval_avg_pool1_sum[n,c,i,j] / eval_avg_pool1_sum2[i,j]
e13  eval_sum[n] = sum{c,h,w} (avg_pool1_y[n,c,h,w] - target[n,c,h,w]) * (avg_pool1_y[n,c,h,w] - target[n,c,h,w])
e12  eval_loss[n] = eval_sum[n] * 0.0555556
e15  eval_sum2[0] = sum{n} eval_loss[n]
e14  loss[0] = eval_sum2[0] / batch
