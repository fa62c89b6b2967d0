forward
e0   conv1_sum[n,k,i,j] = sum{r,s} x[n,0,i+r-1,j+s-1] * conv1_weight[k,0,r,s]       | k00 | registers     
e1   conv1_y[n,k,i,j] = conv1_bias[k] + conv1_sum[n,k,i,j]                          | k00 | registers     
e2   sigmoid1_y[n,k,i,j] = sigmoid(conv1_y[n,k,i,j])                                | k00 | n/8 ... n%8    |     3840 | 0-5
---- barrier
e3   dense2_sum[n,k] = sum{c,h,w} sigmoid1_y[n,c,h,w] * dense2_weight[k,c,h,w]      | k01 | registers     
e4   dense2_y[n,k] = dense2_bias[k] + dense2_sum[n,k]                               | k01 | n/8 ... n%8    |     4864 | 1-2
---- barrier
e5   softmax1_m[n] = max{c} dense2_y[n,c]                                           | k02 | registers     
e6   softmax1_e[n,c] = exp(dense2_y[n,c] - softmax1_m[n])                           | k02 | n/8 ... n%8    |     4992 | 2-2
e7   softmax1_z[n] = sum{c} softmax1_e[n,c]                                         | k02 | registers     
e8   softmax1_y[n,c] = softmax1_e[n,c] / softmax1_z[n]                              | k02 | n/8 ... n%8    |     1664 | 0-13
e51  dsoftmax1_y[n,c] = 1 / batch * 0.333333 * (softmax1_y[n,c] - target[n,c]) + 1 / batch * 0.333333 * (softmax1_y[n,c] - target[n,c]) | k02 | n/8 ... n%8    |     5120 | 2-4
---- barrier
e9   loss_sum[n] = sum{c} (softmax1_y[n,c] - target[n,c]) * (softmax1_y[n,c] - target[n,c]) | k03 | registers     
e10  loss_loss[n] = loss_sum[n] * 0.333333                                          | k03 | n/8 ... n%8    |     4864 | 3-4
---- barrier
e11  loss_sum2[0] = sum{n} loss_loss[n]                                             | k04 | registers     
e12  loss[0] = loss_sum2[0] / batch                                                 | k04 | row-major      |      512 | 0-13

backward
e14  softmax1_p[n] = sum{c} dsoftmax1_y[n,c] * softmax1_y[n,c]                      | k05 | registers     
e15  ddense2_y[n,c] = softmax1_y[n,c] * (dsoftmax1_y[n,c] - softmax1_p[n])          | k05 | n/8 ... n%8    |     5888 | 4-5
---- barrier
e16  ddense2_bias[k] = sum{n} ddense2_y[n,k]                                        | k06 | row-major      |     1920 | 0-13
e17  dsigmoid1_y[n,c,h,w] = sum{k} ddense2_y[n,k] * dense2_weight[k,c,h,w]          | k07 | registers     
e19  dconv1_y[n,c,h,w] = dsigmoid1_y[n,c,h,w] * sigmoid1_y[n,c,h,w] * (1 - sigmoid1_y[n,c,h,w]) | k07 | n/8 ... n%8    |     4864 | 5-6
e18  ddense2_weight[k,c,h,w] = sum{n} ddense2_y[n,k] * sigmoid1_y[n,c,h,w]          | k08 | row-major      |     1984 | 0-13
---- barrier
e20  dconv1_bias[k] = sum{n,i,j} dconv1_y[n,k,i,j]                                  | k09 | row-major      |     2368 | 0-13
e21  dconv1_weight[k,0,r,s] = sum{n,i,j} dconv1_y[n,k,i,j] * x[n,0,r+i-1,s+j-1]     | k10 | row-major      |     2432 | 0-13

update
---- barrier
e22  conv1_weight_d[k,0,r,s] = dconv1_weight[k,0,r,s]                               | k11 | registers     
e23  conv1_weight_exp_avg[k,0,r,s] := hyper1 * conv1_weight_exp_avg[k,0,r,s] + (1 - hyper1) * conv1_weight_d[k,0,r,s] | k11 | row-major      |     2560 | 0-13
e24  conv1_weight_exp_avg_sq[k,0,r,s] := hyper2 * conv1_weight_exp_avg_sq[k,0,r,s] + (1 - hyper2) * conv1_weight_d[k,0,r,s] * conv1_weight_d[k,0,r,s] | k11 | row-major      |     2688 | 0-13
e25  conv1_weight[k,0,r,s] := conv1_weight[k,0,r,s] - hyper0 / (1 - power(hyper1, step + 1)) * conv1_weight_exp_avg[k,0,r,s] / (sqrt(conv1_weight_exp_avg_sq[k,0,r,s] / (1 - power(hyper2, step + 1))) + hyper3) | k11 | row-major      |      576 | 0-13
e26  conv1_bias_d[k] = dconv1_bias[k]                                               | k12 | registers     
e27  conv1_bias_exp_avg[k] := hyper1 * conv1_bias_exp_avg[k] + (1 - hyper1) * conv1_bias_d[k] | k12 | row-major      |     2816 | 0-13
e28  conv1_bias_exp_avg_sq[k] := hyper2 * conv1_bias_exp_avg_sq[k] + (1 - hyper2) * conv1_bias_d[k] * conv1_bias_d[k] | k12 | row-major      |     2880 | 0-13
e29  conv1_bias[k] := conv1_bias[k] - hyper0 / (1 - power(hyper1, step + 1)) * conv1_bias_exp_avg[k] / (sqrt(conv1_bias_exp_avg_sq[k] / (1 - power(hyper2, step + 1))) + hyper3) | k12 | row-major      |      704 | 0-13
e30  dense2_weight_d[k,c,r,s] = ddense2_weight[k,c,r,s]                             | k13 | registers     
e31  dense2_weight_exp_avg[k,c,r,s] := hyper1 * dense2_weight_exp_avg[k,c,r,s] + (1 - hyper1) * dense2_weight_d[k,c,r,s] | k13 | row-major      |     2944 | 0-13
e32  dense2_weight_exp_avg_sq[k,c,r,s] := hyper2 * dense2_weight_exp_avg_sq[k,c,r,s] + (1 - hyper2) * dense2_weight_d[k,c,r,s] * dense2_weight_d[k,c,r,s] | k13 | row-major      |     3328 | 0-13
e33  dense2_weight[k,c,r,s] := dense2_weight[k,c,r,s] - hyper0 / (1 - power(hyper1, step + 1)) * dense2_weight_exp_avg[k,c,r,s] / (sqrt(dense2_weight_exp_avg_sq[k,c,r,s] / (1 - power(hyper2, step + 1))) + hyper3) | k13 | row-major      |     1216 | 0-13
e34  dense2_bias_d[k] = ddense2_bias[k]                                             | k14 | registers     
e35  dense2_bias_exp_avg[k] := hyper1 * dense2_bias_exp_avg[k] + (1 - hyper1) * dense2_bias_d[k] | k14 | row-major      |     3712 | 0-13
e36  dense2_bias_exp_avg_sq[k] := hyper2 * dense2_bias_exp_avg_sq[k] + (1 - hyper2) * dense2_bias_d[k] * dense2_bias_d[k] | k14 | row-major      |     3776 | 0-13
e37  dense2_bias[k] := dense2_bias[k] - hyper0 / (1 - power(hyper1, step + 1)) * dense2_bias_exp_avg[k] / (sqrt(dense2_bias_exp_avg_sq[k] / (1 - power(hyper2, step + 1))) + hyper3) | k14 | row-major      |     1600 | 0-13

evaluation
e38  eval_conv1_sum[n,k,i,j] = sum{r,s} x[n,0,i+r-1,j+s-1] * conv1_weight[k,0,r,s]  | k15 | registers     
e39  eval_conv1_y[n,k,i,j] = conv1_bias[k] + eval_conv1_sum[n,k,i,j]                | k15 | registers     
e40  eval_sigmoid1_y[n,k,i,j] = sigmoid(eval_conv1_y[n,k,i,j])                      | k15 | n/8 ... n%8    |     3840 | 8-9
---- barrier
e41  eval_dense2_sum[n,k] = sum{c,h,w} eval_sigmoid1_y[n,c,h,w] * dense2_weight[k,c,h,w] | k16 | registers     
e42  eval_dense2_y[n,k] = dense2_bias[k] + eval_dense2_sum[n,k]                     | k16 | n/8 ... n%8    |     4864 | 9-10
---- barrier
e43  eval_softmax1_m[n] = max{c} eval_dense2_y[n,c]                                 | k17 | registers     
e44  eval_softmax1_e[n,c] = exp(eval_dense2_y[n,c] - eval_softmax1_m[n])            | k17 | n/8 ... n%8    |     3840 | 10-10
e45  eval_softmax1_z[n] = sum{c} eval_softmax1_e[n,c]                               | k17 | registers     
e46  softmax1_y[n,c] = eval_softmax1_e[n,c] / eval_softmax1_z[n]                    | k17 | n/8 ... n%8    |     1664 | 0-13
---- barrier
e47  eval_sum[n] = sum{c} (softmax1_y[n,c] - target[n,c]) * (softmax1_y[n,c] - target[n,c]) | k18 | registers     
e48  eval_loss[n] = eval_sum[n] * 0.333333                                          | k18 | n/8 ... n%8    |     3840 | 11-12
---- barrier
e49  eval_sum2[0] = sum{n} eval_loss[n]                                             | k19 | registers     
e50  loss[0] = eval_sum2[0] / batch                                                 | k19 | row-major      |      512 | 0-13

arena 6016 bytes
