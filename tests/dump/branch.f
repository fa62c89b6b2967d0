forward
e0   conv1_sum[n,k,i,j] = sum{r,s} x[n,0,i+r-1,j+s-1] * conv1_weight[k,0,r,s]       | k00
e1   conv1_y[n,k,i,j] = conv1_bias[k] + conv1_sum[n,k,i,j]                          | k00
e2   sigmoid1_y[n,k,i,j] = sigmoid(conv1_y[n,k,i,j])                                | k00
---- barrier
e3   dense2_sum[n,k] = sum{c,h,w} sigmoid1_y[n,c,h,w] * dense2_weight[k,c,h,w]      | k01
e4   dense2_y[n,k] = dense2_bias[k] + dense2_sum[n,k]                               | k01
---- barrier
e5   softmax1_m[n] = max{c} dense2_y[n,c]                                           | k02
e6   softmax1_e[n,c] = exp(dense2_y[n,c] - softmax1_m[n])                           | k02
e7   softmax1_z[n] = sum{c} softmax1_e[n,c]                                         | k02
e8   softmax1_y[n,c] = softmax1_e[n,c] / softmax1_z[n]                              | k02
e51  dsoftmax1_y[n,c] = 1 / batch * 0.333333 * (softmax1_y[n,c] - target[n,c]) + 1 / batch * 0.333333 * (softmax1_y[n,c] - target[n,c]) | k02
---- barrier
e9   loss_sum[n] = sum{c} (softmax1_y[n,c] - target[n,c]) * (softmax1_y[n,c] - target[n,c]) | k03
e10  loss_loss[n] = loss_sum[n] * 0.333333                                          | k03
---- barrier
e11  loss_sum2[0] = sum{n} loss_loss[n]                                             | k04
e12  loss[0] = loss_sum2[0] / batch                                                 | k04

backward
e14  softmax1_p[n] = sum{c} dsoftmax1_y[n,c] * softmax1_y[n,c]                      | k05
e15  ddense2_y[n,c] = softmax1_y[n,c] * (dsoftmax1_y[n,c] - softmax1_p[n])          | k05
---- barrier
e16  ddense2_bias[k] = sum{n} ddense2_y[n,k]                                        | k06
e17  dsigmoid1_y[n,c,h,w] = sum{k} ddense2_y[n,k] * dense2_weight[k,c,h,w]          | k07
e19  dconv1_y[n,c,h,w] = dsigmoid1_y[n,c,h,w] * sigmoid1_y[n,c,h,w] * (1 - sigmoid1_y[n,c,h,w]) | k07
e18  ddense2_weight[k,c,h,w] = sum{n} ddense2_y[n,k] * sigmoid1_y[n,c,h,w]          | k08
---- barrier
e20  dconv1_bias[k] = sum{n,i,j} dconv1_y[n,k,i,j]                                  | k09
e21  dconv1_weight[k,0,r,s] = sum{n,i,j} dconv1_y[n,k,i,j] * x[n,0,r+i-1,s+j-1]     | k10

update
---- barrier
e22  conv1_weight_d[k,0,r,s] = dconv1_weight[k,0,r,s]                               | k11
e23  conv1_weight_exp_avg[k,0,r,s] := hyper1 * conv1_weight_exp_avg[k,0,r,s] + (1 - hyper1) * conv1_weight_d[k,0,r,s] | k11
e24  conv1_weight_exp_avg_sq[k,0,r,s] := hyper2 * conv1_weight_exp_avg_sq[k,0,r,s] + (1 - hyper2) * conv1_weight_d[k,0,r,s] * conv1_weight_d[k,0,r,s] | k11
e25  conv1_weight[k,0,r,s] := conv1_weight[k,0,r,s] - hyper0 / (1 - power(hyper1, step + 1)) * conv1_weight_exp_avg[k,0,r,s] / (sqrt(conv1_weight_exp_avg_sq[k,0,r,s] / (1 - power(hyper2, step + 1))) + hyper3) | k11
e26  conv1_bias_d[k] = dconv1_bias[k]                                               | k12
e27  conv1_bias_exp_avg[k] := hyper1 * conv1_bias_exp_avg[k] + (1 - hyper1) * conv1_bias_d[k] | k12
e28  conv1_bias_exp_avg_sq[k] := hyper2 * conv1_bias_exp_avg_sq[k] + (1 - hyper2) * conv1_bias_d[k] * conv1_bias_d[k] | k12
e29  conv1_bias[k] := conv1_bias[k] - hyper0 / (1 - power(hyper1, step + 1)) * conv1_bias_exp_avg[k] / (sqrt(conv1_bias_exp_avg_sq[k] / (1 - power(hyper2, step + 1))) + hyper3) | k12
e30  dense2_weight_d[k,c,r,s] = ddense2_weight[k,c,r,s]                             | k13
e31  dense2_weight_exp_avg[k,c,r,s] := hyper1 * dense2_weight_exp_avg[k,c,r,s] + (1 - hyper1) * dense2_weight_d[k,c,r,s] | k13
e32  dense2_weight_exp_avg_sq[k,c,r,s] := hyper2 * dense2_weight_exp_avg_sq[k,c,r,s] + (1 - hyper2) * dense2_weight_d[k,c,r,s] * dense2_weight_d[k,c,r,s] | k13
e33  dense2_weight[k,c,r,s] := dense2_weight[k,c,r,s] - hyper0 / (1 - power(hyper1, step + 1)) * dense2_weight_exp_avg[k,c,r,s] / (sqrt(dense2_weight_exp_avg_sq[k,c,r,s] / (1 - power(hyper2, step + 1))) + hyper3) | k13
e34  dense2_bias_d[k] = ddense2_bias[k]                                             | k14
e35  dense2_bias_exp_avg[k] := hyper1 * dense2_bias_exp_avg[k] + (1 - hyper1) * dense2_bias_d[k] | k14
e36  dense2_bias_exp_avg_sq[k] := hyper2 * dense2_bias_exp_avg_sq[k] + (1 - hyper2) * dense2_bias_d[k] * dense2_bias_d[k] | k14
e37  dense2_bias[k] := dense2_bias[k] - hyper0 / (1 - power(hyper1, step + 1)) * dense2_bias_exp_avg[k] / (sqrt(dense2_bias_exp_avg_sq[k] / (1 - power(hyper2, step + 1))) + hyper3) | k14

evaluation
e38  eval_conv1_sum[n,k,i,j] = sum{r,s} x[n,0,i+r-1,j+s-1] * conv1_weight[k,0,r,s]  | k15
e39  eval_conv1_y[n,k,i,j] = conv1_bias[k] + eval_conv1_sum[n,k,i,j]                | k15
e40  eval_sigmoid1_y[n,k,i,j] = sigmoid(eval_conv1_y[n,k,i,j])                      | k15
---- barrier
e41  eval_dense2_sum[n,k] = sum{c,h,w} eval_sigmoid1_y[n,c,h,w] * dense2_weight[k,c,h,w] | k16
e42  eval_dense2_y[n,k] = dense2_bias[k] + eval_dense2_sum[n,k]                     | k16
---- barrier
e43  eval_softmax1_m[n] = max{c} eval_dense2_y[n,c]                                 | k17
e44  eval_softmax1_e[n,c] = exp(eval_dense2_y[n,c] - eval_softmax1_m[n])            | k17
e45  eval_softmax1_z[n] = sum{c} eval_softmax1_e[n,c]                               | k17
e46  softmax1_y[n,c] = eval_softmax1_e[n,c] / eval_softmax1_z[n]                    | k17
---- barrier
e47  eval_sum[n] = sum{c} (softmax1_y[n,c] - target[n,c]) * (softmax1_y[n,c] - target[n,c]) | k18
e48  eval_loss[n] = eval_sum[n] * 0.333333                                          | k18
---- barrier
e49  eval_sum2[0] = sum{n} eval_loss[n]                                             | k19
e50  loss[0] = eval_sum2[0] / batch                                                 | k19
