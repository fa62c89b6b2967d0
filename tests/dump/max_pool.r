forward
e0   conv1_y[n,k,i,j] = conv1_bias[k] + x[n,0,i,j] * conv1_weight[k,0,0,0]
e1   max_pool1_y[n,c,i,j] = max{r,s} conv1_y[n,c,2i+r,2j+s]
e2   loss_sum[n] = sum{c,h,w} (max_pool1_y[n,c,h,w] - target[n,c,h,w]) * (max_pool1_y[n,c,h,w] - target[n,c,h,w])
e3   loss_loss[n] = loss_sum[n] * 0.0555556
e4   loss_sum2[0] = sum{n} loss_loss[n]
e5   loss[0] = loss_sum2[0] / batch

backward
e6   dmax_pool1_y[n,c,h,w] = 1 / batch * 0.0555556 * (max_pool1_y[n,c,h,w] - target[n,c,h,w]) + 1 / batch * 0.0555556 * (max_pool1_y[n,c,h,w] - target[n,c,h,w])
e7   dconv1_y[n,c,2u,2v] = sum{r,s} ifeq(max_pool1_y_argmax[n,c,u-r,v-s], (6r+2s), dmax_pool1_y[n,c,u-r,v-s], 0)
e8   dconv1_y[n,c,2u,2v+1] = sum{r} ifeq(max_pool1_y_argmax[n,c,u-r,v], (6r+1), dmax_pool1_y[n,c,u-r,v], 0)
e9   dconv1_y[n,c,2u+1,2v] = sum{s} ifeq(max_pool1_y_argmax[n,c,u,v-s], (2s+3), dmax_pool1_y[n,c,u,v-s], 0)
e10  dconv1_y[n,c,2u+1,2v+1] = ifeq(max_pool1_y_argmax[n,c,u,v], 4, dmax_pool1_y[n,c,u,v], 0)
e11  dconv1_bias[k] = sum{n,i,j} dconv1_y[n,k,i,j]
e12  dconv1_weight[k,0,0,0] = sum{n,i,j} dconv1_y[n,k,i,j] * x[n,0,i,j]

update
e13  conv1_weight_d[k,0,0,0] = dconv1_weight[k,0,0,0]
e14  conv1_weight_momentum_buffer[k,0,0,0] = conv1_weight_d[k,0,0,0]
e15  conv1_weight[k,0,0,0] := conv1_weight[k,0,0,0] - hyper0 * conv1_weight_momentum_buffer[k,0,0,0]
e16  conv1_bias_d[k] = dconv1_bias[k]
e17  conv1_bias_momentum_buffer[k] = conv1_bias_d[k]
e18  conv1_bias[k] := conv1_bias[k] - hyper0 * conv1_bias_momentum_buffer[k]

evaluation
e19  eval_conv1_y[n,k,i,j] = conv1_bias[k] + x[n,0,i,j] * conv1_weight[k,0,0,0]
e20  max_pool1_y[n,c,i,j] = max{r,s} eval_conv1_y[n,c,2i+r,2j+s]
e21  eval_sum[n] = sum{c,h,w} (max_pool1_y[n,c,h,w] - target[n,c,h,w]) * (max_pool1_y[n,c,h,w] - target[n,c,h,w])
e22  eval_loss[n] = eval_sum[n] * 0.0555556
e23  eval_sum2[0] = sum{n} eval_loss[n]
e24  loss[0] = eval_sum2[0] / batch
