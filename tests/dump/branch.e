forward
e1   conv1_sum[n,k,i,j] = sum{r,s} x[n,0,i+r-1,j+s-1] * conv1_weight[k,0,r,s]
e0   conv1_y[n,k,i,j] = conv1_bias[k] + conv1_sum[n,k,i,j]
e2   sigmoid1_y[n,c,h,w] = sigmoid(conv1_y[n,c,h,w])
e4   dense1_sum[n,k] = sum{c,h,w} sigmoid1_y[n,c,h,w] * dense1_weight[k,c,h,w]
e3   dense1_y[n,k] = dense1_bias[k] + dense1_sum[n,k]
e6   dense2_sum[n,k] = sum{c,h,w} sigmoid1_y[n,c,h,w] * dense2_weight[k,c,h,w]
e5   dense2_y[n,k] = dense2_bias[k] + dense2_sum[n,k]
e7   softmax1_m[n] = max{c} dense2_y[n,c]
e8   softmax1_e[n,c] = exp(dense2_y[n,c] - softmax1_m[n])
e9   softmax1_z[n] = sum{c} softmax1_e[n,c]
e10  softmax1_y[n,c] = softmax1_e[n,c] / softmax1_z[n]
e12  loss_sum[n] = sum{c} (softmax1_y[n,c] - target[n,c]) * (softmax1_y[n,c] - target[n,c])
e11  loss_loss[n] = loss_sum[n] * 0.333333
e14  loss_sum2[0] = sum{n} loss_loss[n]
e13  loss[0] = loss_sum2[0] / batch

evaluation
e16  eval_conv1_sum[n,k,i,j] = sum{r,s} x[n,0,i+r-1,j+s-1] * conv1_weight[k,0,r,s]
e15  eval_conv1_y[n,k,i,j] = conv1_bias[k] + eval_conv1_sum[n,k,i,j]
e17  eval_sigmoid1_y[n,c,h,w] = sigmoid(eval_conv1_y[n,c,h,w])
e19  eval_dense1_sum[n,k] = sum{c,h,w} eval_sigmoid1_y[n,c,h,w] * dense1_weight[k,c,h,w]
e18  eval_dense1_y[n,k] = dense1_bias[k] + eval_dense1_sum[n,k]
e21  eval_dense2_sum[n,k] = sum{c,h,w} eval_sigmoid1_y[n,c,h,w] * dense2_weight[k,c,h,w]
e20  eval_dense2_y[n,k] = dense2_bias[k] + eval_dense2_sum[n,k]
e22  eval_softmax1_m[n] = max{c} eval_dense2_y[n,c]
e23  eval_softmax1_e[n,c] = exp(eval_dense2_y[n,c] - eval_softmax1_m[n])
e24  eval_softmax1_z[n] = sum{c} eval_softmax1_e[n,c]
e25  softmax1_y[n,c] = eval_softmax1_e[n,c] / eval_softmax1_z[n]
e27  eval_sum[n] = sum{c} (softmax1_y[n,c] - target[n,c]) * (softmax1_y[n,c] - target[n,c])
e26  eval_loss[n] = eval_sum[n] * 0.333333
e29  eval_sum2[0] = sum{n} eval_loss[n]
e28  loss[0] = eval_sum2[0] / batch
