forward
e0   conv1_sum[n,k,i,j] = sum{c,r,s} x[n,c,i+r-1,j+s-1] * conv1_weight[k,c,r,s]     | k00
e1   conv1_y[n,k,i,j] = conv1_bias[k] + conv1_sum[n,k,i,j]                          | k00
e2   relu1_y[n,k,i,j] = max(0, conv1_y[n,k,i,j])                                    | k00
e3   conv2_sum_U[p,q,k,c] = sum{a,b} G[p,a] * G[q,b] * conv2_weight[k,c,a,b]        | k01
---- barrier
e4   conv2_sum_V[n,band,p,q,c,3u+v] = sum{a,b} B[p,a] * B[q,b] * relu1_y[n,c,12band+4u+a-1,4v+b-1] | k02
e5   conv2_sum_M[n,band,p,q,k,z] = sum{c} conv2_sum_V[n,band,p,q,c,z] * conv2_sum_U[p,q,k,c] | k02
e6   conv2_sum[n,k,12band+4u+a,4v+b] = sum{p,q} A[a,p] * A[b,q] * conv2_sum_M[n,band,p,q,k,3u+v] | k02
e7   conv2_y[n,k,i,j] = conv2_bias[k] + conv2_sum[n,k,i,j]                          | k03
e8   global_avg_pool1_sum[n,k] = sum{i,j} conv2_y[n,k,i,j]                          | k03
e9   global_avg_pool1_y[n,c,0,0] = global_avg_pool1_sum[n,c] * 0.00757576           | k04
e10  dense1_sum[n,k] = sum{c} global_avg_pool1_y[n,c,0,0] * dense1_weight[k,c,0,0]  | k05
e11  dense1_y[n,k] = dense1_bias[k] + dense1_sum[n,k]                               | k05
e12  loss_m[n] = max{c} dense1_y[n,c]                                               | k06
e13  loss_z[n] = sum{c} exp(dense1_y[n,c] - loss_m[n])                              | k06
e14  loss_l[n] = log(loss_z[n])                                                     | k06
e15  loss_q[n,c] = ifeq(target[n], (c), 1, 0)                                       | k07
e16  loss_loss[n] = sum{c} loss_q[n,c] * (loss_l[n] - (dense1_y[n,c] - loss_m[n]))  | k08
---- barrier
e17  loss_sum[0] = sum{n} loss_loss[n]                                              | k09
e18  loss[0] = loss_sum[0] / batch                                                  | k09

backward
e19  loss_s[n] = sum{c} loss_q[n,c]                                                 | k10
e20  ddense1_y[n,c] = (exp(dense1_y[n,c] - loss_m[n] - loss_l[n]) * loss_s[n] - loss_q[n,c]) / batch | k11
---- barrier
e21  ddense1_bias[k] = sum{n} ddense1_y[n,k]                                        | k12
e55  dense1_bias_d[k] = ddense1_bias[k]                                             | k12
e56  dense1_bias_momentum_buffer[k] = dense1_bias_d[k]                              | k12
e57  dense1_bias[k] := dense1_bias[k] - hyper0 * dense1_bias_momentum_buffer[k]     | k12
e77  dense1_weight_by1[c,k,0,0] = dense1_weight[k,c,0,0]                            | k13
---- barrier
e22  dglobal_avg_pool1_y[n,c,0,0] = sum{k} ddense1_y[n,k] * dense1_weight_by1[c,k,0,0] | k14
e24  dglobal_avg_pool1_sum[n,c] = dglobal_avg_pool1_y[n,c,0,0] * 0.00757576         | k14
e23  ddense1_weight[k,c,0,0] = sum{n} ddense1_y[n,k] * global_avg_pool1_y[n,c,0,0]  | k15
e52  dense1_weight_d[k,c,0,0] = ddense1_weight[k,c,0,0]                             | k15
e53  dense1_weight_momentum_buffer[k,c,0,0] = dense1_weight_d[k,c,0,0]              | k15
e54  dense1_weight[k,c,0,0] := dense1_weight[k,c,0,0] - hyper0 * dense1_weight_momentum_buffer[k,c,0,0] | k15
e25  dconv2_y[n,c,h,w] = dglobal_avg_pool1_sum[n,c]                                 | k16
e26  dconv2_bias_n[n,c] = sum{h,w} dconv2_y[n,c,h,w]                                | k16
---- barrier
e27  dconv2_bias[k] = sum{n} dconv2_bias_n[n,k]                                     | k17
e49  conv2_bias_d[k] = dconv2_bias[k]                                               | k17
e50  conv2_bias_momentum_buffer[k] = conv2_bias_d[k]                                | k17
e51  conv2_bias[k] := conv2_bias[k] - hyper0 * conv2_bias_momentum_buffer[k]        | k17
e28  drelu1_y_U[p,q,c,k] = sum{a,b} G[p,a] * G[q,b] * conv2_weight[k,c,-a+2,-b+2]   | k18
---- barrier
e29  drelu1_y_V[n,band,p,q,k,3u+v] = sum{a,b} B[p,a] * B[q,b] * dconv2_y[n,k,12band+4u+a-1,4v+b-1] | k19
e30  drelu1_y_M[n,band,p,q,c,z] = sum{c} drelu1_y_V[n,band,p,q,c,z] * drelu1_y_U[p,q,c,c] | k19
e31  drelu1_y[n,c,12band+4u+a,4v+b] = sum{p,q} A[a,p] * A[b,q] * drelu1_y_M[n,band,p,q,c,3u+v] | k19
e32  dconv2_weight_D[g,n,band,p,q,k,9e+3u+v] = sum{a,b} At[3g+p,a] * At[q,b] * dconv2_y[4n+e,k,12band+4u+a,4v+b] | k20
e33  dconv2_weight_V[g,n,band,p,q,c,9e+3u+v] = sum{a,b} B[3g+p,a] * B[q,b] * relu1_y[4n+e,c,12band+4u+a-1,4v+b-1] | k20
e34  dconv2_weight_S[3g+p,q,k,c] = sum{n,band,z} dconv2_weight_D[g,n,band,p,q,k,z] * dconv2_weight_V[g,n,band,p,q,c,z] | k20
---- barrier
e35  dconv2_weight[k,c,r,s] = sum{p,q} Gt[r,p] * Gt[s,q] * dconv2_weight_S[p,q,k,c] | k21
e36  dconv1_y[n,c,h,w] = ifgt(relu1_y[n,c,h,w], 0, drelu1_y[n,c,h,w], 0)            | k22
e37  dconv1_bias_n[n,c] = sum{h,w} dconv1_y[n,c,h,w]                                | k22
---- barrier
e38  dconv1_bias[k] = sum{n} dconv1_bias_n[n,k]                                     | k23
e43  conv1_bias_d[k] = dconv1_bias[k]                                               | k23
e44  conv1_bias_momentum_buffer[k] = conv1_bias_d[k]                                | k23
e45  conv1_bias[k] := conv1_bias[k] - hyper0 * conv1_bias_momentum_buffer[k]        | k23
e39  dconv1_weight[k,c,r,s] = sum{n,i,j} dconv1_y[n,k,i,j] * x[n,c,r+i-1,s+j-1]     | k24

update
---- barrier
e40  conv1_weight_d[k,c,r,s] = dconv1_weight[k,c,r,s]                               | k25
e41  conv1_weight_momentum_buffer[k,c,r,s] = conv1_weight_d[k,c,r,s]                | k25
e42  conv1_weight[k,c,r,s] := conv1_weight[k,c,r,s] - hyper0 * conv1_weight_momentum_buffer[k,c,r,s] | k25
e46  conv2_weight_d[k,c,r,s] = dconv2_weight[k,c,r,s]                               | k26
e47  conv2_weight_momentum_buffer[k,c,r,s] = conv2_weight_d[k,c,r,s]                | k26
e48  conv2_weight[k,c,r,s] := conv2_weight[k,c,r,s] - hyper0 * conv2_weight_momentum_buffer[k,c,r,s] | k26

evaluation
e58  eval_conv1_sum[n,k,i,j] = sum{c,r,s} x[n,c,i+r-1,j+s-1] * conv1_weight[k,c,r,s] | k27
e59  eval_conv1_y[n,k,i,j] = conv1_bias[k] + eval_conv1_sum[n,k,i,j]                | k27
e60  eval_relu1_y[n,k,i,j] = max(0, eval_conv1_y[n,k,i,j])                          | k27
e61  eval_conv2_sum_U[p,q,k,c] = sum{a,b} G[p,a] * G[q,b] * conv2_weight[k,c,a,b]   | k28
---- barrier
e62  eval_conv2_sum_V[n,band,p,q,c,3u+v] = sum{a,b} B[p,a] * B[q,b] * eval_relu1_y[n,c,12band+4u+a-1,4v+b-1] | k29
e63  eval_conv2_sum_M[n,band,p,q,k,z] = sum{c} eval_conv2_sum_V[n,band,p,q,c,z] * eval_conv2_sum_U[p,q,k,c] | k29
e64  eval_conv2_sum[n,k,12band+4u+a,4v+b] = sum{p,q} A[a,p] * A[b,q] * eval_conv2_sum_M[n,band,p,q,k,3u+v] | k29
e65  eval_conv2_y[n,k,i,j] = conv2_bias[k] + eval_conv2_sum[n,k,i,j]                | k30
e66  eval_global_avg_pool1_sum[n,k] = sum{i,j} eval_conv2_y[n,k,i,j]                | k30
e67  eval_global_avg_pool1_y[n,c,0,0] = eval_global_avg_pool1_sum[n,c] * 0.00757576 | k31
e68  eval_dense1_sum[n,k] = sum{c} eval_global_avg_pool1_y[n,c,0,0] * dense1_weight[k,c,0,0] | k32
e69  dense1_y[n,k] = dense1_bias[k] + eval_dense1_sum[n,k]                          | k32
e70  eval_m[n] = max{c} dense1_y[n,c]                                               | k33
e71  eval_z[n] = sum{c} exp(dense1_y[n,c] - eval_m[n])                              | k33
e72  eval_l[n] = log(eval_z[n])                                                     | k33
e73  eval_q[n,c] = ifeq(target[n], (c), 1, 0)                                       | k34
e74  eval_loss[n] = sum{c} eval_q[n,c] * (eval_l[n] - (dense1_y[n,c] - eval_m[n]))  | k35
---- barrier
e75  eval_sum[0] = sum{n} eval_loss[n]                                              | k36
e76  loss[0] = eval_sum[0] / batch                                                  | k36
