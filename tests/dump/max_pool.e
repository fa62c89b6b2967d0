forward
e0   conv1_y[n,k,i,j] = conv1_bias[k] + x[n,0,i,j] * conv1_weight[k,0,0,0]
e1   max_pool1_y[n,c,i,j] = max{r,s} conv1_y[n,c,2i+r,2j+s]
e3   loss_sum[n] = sum{c,h,w} (max_pool1_y[n,c,h,w] - target[n,c,h,w]) * (max_pool1_y[n,c,h,w] - target[n,c,h,w])
e2   loss_loss[n] = loss_sum[n] * 0.0555556
e5   loss_sum2[0] = sum{n} loss_loss[n]
e4   loss[0] = loss_sum2[0] / batch

evaluation
e6   eval_conv1_y[n,k,i,j] = conv1_bias[k] + x[n,0,i,j] * conv1_weight[k,0,0,0]
e7   max_pool1_y[n,c,i,j] = max{r,s} eval_conv1_y[n,c,2i+r,2j+s]
e9   eval_sum[n] = sum{c,h,w} (max_pool1_y[n,c,h,w] - target[n,c,h,w]) * (max_pool1_y[n,c,h,w] - target[n,c,h,w])
e8   eval_loss[n] = eval_sum[n] * 0.0555556
e11  eval_sum2[0] = sum{n} eval_loss[n]
e10  loss[0] = eval_sum2[0] / batch
