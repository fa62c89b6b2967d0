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

backward
e33  dsoftmax1_y[n,c] = 1 / batch * 0.333333 * (softmax1_y[n,c] - target[n,c]) + 1 / batch * 0.333333 * (softmax1_y[n,c] - target[n,c])
e34  softmax1_p[n] = sum{c} dsoftmax1_y[n,c] * softmax1_y[n,c]
e35  ddense2_y[n,c] = softmax1_y[n,c] * (dsoftmax1_y[n,c] - softmax1_p[n])
e36  ddense2_bias[k] = sum{n} ddense2_y[n,k]
e37  dsigmoid1_y[n,c,h,w] = sum{k} ddense2_y[n,k] * dense2_weight[k,c,h,w]
e38  ddense2_weight[k,c,h,w] = sum{n} ddense2_y[n,k] * sigmoid1_y[n,c,h,w]
e39  dconv1_y[n,c,h,w] = dsigmoid1_y[n,c,h,w] * sigmoid1_y[n,c,h,w] * (1 - sigmoid1_y[n,c,h,w])
e40  dconv1_bias[k] = sum{n,i,j} dconv1_y[n,k,i,j]
e41  dconv1_weight[k,0,r,s] = sum{n,i,j} dconv1_y[n,k,i,j] * x[n,0,i+r-1,j+s-1]

update
e42  conv1_weight_d[k,0,r,s] = dconv1_weight[k,0,r,s]
e43  conv1_weight_exp_avg[k,0,r,s] := hyper1 * conv1_weight_exp_avg[k,0,r,s] + (1 - hyper1) * conv1_weight_d[k,0,r,s]
e44  conv1_weight_exp_avg_sq[k,0,r,s] := hyper2 * conv1_weight_exp_avg_sq[k,0,r,s] + (1 - hyper2) * conv1_weight_d[k,0,r,s] * conv1_weight_d[k,0,r,s]
e45  conv1_weight[k,0,r,s] := conv1_weight[k,0,r,s] - hyper0 / (1 - power(hyper1, step + 1)) * conv1_weight_exp_avg[k,0,r,s] / (sqrt(conv1_weight_exp_avg_sq[k,0,r,s] / (1 - power(hyper2, step + 1))) + hyper3)
e46  conv1_bias_d[k] = dconv1_bias[k]
e47  conv1_bias_exp_avg[k] := hyper1 * conv1_bias_exp_avg[k] + (1 - hyper1) * conv1_bias_d[k]
e48  conv1_bias_exp_avg_sq[k] := hyper2 * conv1_bias_exp_avg_sq[k] + (1 - hyper2) * conv1_bias_d[k] * conv1_bias_d[k]
e49  conv1_bias[k] := conv1_bias[k] - hyper0 / (1 - power(hyper1, step + 1)) * conv1_bias_exp_avg[k] / (sqrt(conv1_bias_exp_avg_sq[k] / (1 - power(hyper2, step + 1))) + hyper3)
e50  dense2_weight_d[k,c,r,s] = ddense2_weight[k,c,r,s]
e51  dense2_weight_exp_avg[k,c,r,s] := hyper1 * dense2_weight_exp_avg[k,c,r,s] + (1 - hyper1) * dense2_weight_d[k,c,r,s]
e52  dense2_weight_exp_avg_sq[k,c,r,s] := hyper2 * dense2_weight_exp_avg_sq[k,c,r,s] + (1 - hyper2) * dense2_weight_d[k,c,r,s] * dense2_weight_d[k,c,r,s]
e53  dense2_weight[k,c,r,s] := dense2_weight[k,c,r,s] - hyper0 / (1 - power(hyper1, step + 1)) * dense2_weight_exp_avg[k,c,r,s] / (sqrt(dense2_weight_exp_avg_sq[k,c,r,s] / (1 - power(hyper2, step + 1))) + hyper3)
e54  dense2_bias_d[k] = ddense2_bias[k]
e55  dense2_bias_exp_avg[k] := hyper1 * dense2_bias_exp_avg[k] + (1 - hyper1) * dense2_bias_d[k]
e56  dense2_bias_exp_avg_sq[k] := hyper2 * dense2_bias_exp_avg_sq[k] + (1 - hyper2) * dense2_bias_d[k] * dense2_bias_d[k]
e57  dense2_bias[k] := dense2_bias[k] - hyper0 / (1 - power(hyper1, step + 1)) * dense2_bias_exp_avg[k] / (sqrt(dense2_bias_exp_avg_sq[k] / (1 - power(hyper2, step + 1))) + hyper3)

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
