forward
e0   conv1_y[n,k,i,j] = conv1_bias[k] + x[n,0,i,j] * conv1_weight[k,0,0,0]
e2   avg_pool1_sum[n,c,i,j] = sum{r,s} conv1_y[n,c,2i+r-1,2j+s-1]
e3   avg_pool1_sum2[i,j] = sum{r,s} inside(2i+r-1, 5) * inside(2j+s-1, 5)
e1   avg_pool1_y[n,c,i,j] = avg_pool1_sum[n,c,i,j] / avg_pool1_sum2[i,j]
e5   loss_sum[n] = sum{c,h,w} (avg_pool1_y[n,c,h,w] - target[n,c,h,w]) * (avg_pool1_y[n,c,h,w] - target[n,c,h,w])
e4   loss_loss[n] = loss_sum[n] * 0.0555556
e7   loss_sum2[0] = sum{n} loss_loss[n]
e6   loss[0] = loss_sum2[0] / batch

evaluation
e8   eval_conv1_y[n,k,i,j] = conv1_bias[k] + x[n,0,i,j] * conv1_weight[k,0,0,0]
e10  eval_avg_pool1_sum[n,c,i,j] = sum{r,s} eval_conv1_y[n,c,2i+r-1,2j+s-1]
e11  eval_avg_pool1_sum2[i,j] = sum{r,s} inside(2i+r-1, 5) * inside(2j+s-1, 5)
e9   avg_pool1_y[n,c,i,j] = eval_avg_pool1_sum[n,c,i,j] / eval_avg_pool1_sum2[i,j]
e13  eval_sum[n] = sum{c,h,w} (avg_pool1_y[n,c,h,w] - target[n,c,h,w]) * (avg_pool1_y[n,c,h,w] - target[n,c,h,w])
e12  eval_loss[n] = eval_sum[n] * 0.0555556
e15  eval_sum2[0] = sum{n} eval_loss[n]
e14  loss[0] = eval_sum2[0] / batch
