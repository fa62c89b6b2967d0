"""cases_nets.py: the cases of tests/oracle with running statistics, joins, containers and blocks,
and the layers that change an image's size. cases.py says what a case is."""
from cases import act, around, case, conv, dense, pool

SGD5 = dict(opt={"type": "sgd", "lr": "0.5", "momentum": "0.5"}, steps=(1, 5))


def layer(element, **attrs):
    return element, {k: str(v) for k, v in attrs.items()}


def norm(**attrs):
    return layer("batch_norm", **attrs)


def residual(*body, **attrs):
    return "residual", attrs, list(body)


def parallel(*paths, **attrs):
    return "parallel", attrs, [path if isinstance(path, tuple) else ("path", {}, path)
                               for path in paths]


def norm_cases():
    case("batch_norm", "an image, after a convolution that loses its bias by itself", (2, 5, 7),
         around(norm()), **SGD5)
    case("batch_norm_features", "other momentum and eps, 7 of 9 rows", 6,
         [dense(9), norm(momentum="0.3", eps="0.01", activation="tanh"), dense(3)], batch=9, live=7,
         **SGD5)
    case("batch_norm_plain", "affine off; 17 channels, 2 of 3 images", (3, 3, 5),
         [conv(17, "1"), norm(affine="false"), act("tanh"), dense(3)], batch=3, live=2, **SGD5)
    case("batch_norm_frozen", "trainable off: statistics go on, scale and offset stay", (2, 4, 5),
         around(norm(trainable="false")), **SGD5)
    case("batch_norm_first", "straight on the input", (3, 4, 5),
         [norm(), conv(4, "3", activation="tanh"), dense(3)], **SGD5)
    case("batch_norm_one", "one value a channel: variance 0, running_var stays", 6,
         [dense(5, activation="tanh"), parallel([norm()], [], join="add"), dense(3)],
         live=1, dead=True, **SGD5)
    case("layer_norm", "over channels, rows and columns", (2, 3, 5), around(layer("layer_norm")))
    case("layer_norm_features", "an eps that is felt, 5 of 6 rows", 6,
         [dense(33), layer("layer_norm", eps="0.1"), act("tanh"), dense(3)], batch=6, live=5)
    case("group_norm", "three groups, an eps that is felt", (2, 5, 4),
         around(layer("group_norm", groups=3, eps="0.05"), 6))
    case("group_norm_ends", "one group; a group a channel", (2, 4, 5),
         [conv(3, "1"), layer("group_norm", groups=1), act("tanh"), conv(4, "1", bias="false"),
          layer("group_norm", groups=4), act("tanh"), dense(3)], live=3)
    case("dropout", "evaluation only: everything passes", 6,
         [dense(9, activation="tanh"), layer("dropout", rate="0.5"), dense(3)], steps=())


def size_cases():
    def grow(name, note, shape=(2, 4, 5), **attrs):
        case("conv_transpose" + name, note, shape,
             around(layer("conv_transpose", filters=4, **attrs)))

    grow("", "stride 1, padding 1", kernel_size=3, padding=1)
    grow("_stride2", "stride 2 with an output padding", kernel_size=3, stride=2, padding=1,
         output_padding=1)
    grow("_stride3", "stride above the window: gaps; no bias", kernel_size=2, stride=3,
         bias="false")
    grow("_pair", "everything unequal", kernel_size="4,3", stride="2,3", padding="1,0",
         output_padding="0,2")
    grow("_sides", "four different paddings", (2, 3, 4), kernel_size=5, stride=2, padding="0,1,2,3")
    grow("_same", "same: the size times the stride", kernel_size="3,4", stride="2,1",
         padding="same")
    case("conv_transpose_17_33", "channels just above a vector", (2, 3, 3),
         [conv(17, "1"), layer("conv_transpose", filters=33, kernel_size=2, stride=2),
          act("tanh"), pool("avg_pool", "6"), dense(3)], opt={"type": "sgd", "lr": "2"})
    case("depthwise_conv", "two filters a channel, stride 2", (2, 7, 6),
         around(layer("depthwise_conv", kernel_size=3, stride=2, padding=1, multiplier=2), 5))
    case("depthwise_conv_same", "dilation, same, no bias, 17 channels", (2, 5, 4),
         around(layer("depthwise_conv", kernel_size="2,3", dilation="2,1", padding="same",
                      bias="false"), 17))
    case("upsample", "nearest, twice", (2, 3, 4), around(layer("upsample")))
    case("upsample_3", "nearest, three times", (2, 3, 2), around(layer("upsample", scale=3)))
    case("bilinear", "twice", (2, 3, 4), around(layer("upsample", mode="bilinear")))
    case("bilinear_3", "three times", (2, 4, 3), around(layer("upsample", scale=3,
                                                              mode="bilinear")))
    case("bilinear_4", "four times, one row only", (2, 1, 3),
         around(layer("upsample", scale=4, mode="bilinear")))
    case("reshape", "an image as another one", (2, 6, 5),
         [conv(4, "1"), layer("reshape", channels=6, height=4, width=5), conv(3, "3", padding="1"),
          act("tanh"), dense(3)])
    case("reshape_features", "features as an image", 5,
         [dense(24, activation="tanh"), layer("reshape", channels=2, height=3, width=4),
          conv(4, "2"), act("tanh"), dense(3)], live=3)
    case("global_max_pool", "one pixel of each channel", (2, 5, 7),
         [conv(6, "3", padding="1"), layer("global_max_pool"), dense(3)], live=3)


def join_cases():
    def named(*last):
        return [conv(4, "3", padding="1", name="a", activation="tanh"), conv(4, "1", name="b"),
                layer("conv", filters=2, kernel_size=3, padding=1,
                      **{"from": "a"}), *last, act("tanh"),
                dense(3)]

    case("add", "three operands, one of them twice", (2, 4, 5),
         named(conv(4, "1", name="c"), layer("add", **{"from": "a b c a"})))
    case("concat", "three operands, one of them twice", (2, 4, 5),
         named(layer("concat", **{"from": "conv3 a b a"})))
    case("concat_features", "of 5, 9 and 5 features, 3 rows live", 6,
         [dense(5, name="a", activation="tanh"), dense(9, name="b"),
          layer("concat", **{"from": "a b a"}), act("tanh"), dense(3)], live=3)
    case("multiply", "of equal shapes, a square among them", (2, 4, 5),
         named(conv(4, "1", name="c"), layer("multiply", **{"from": "b c b"})))
    case("multiply_broadcast", "a number a channel times an image: squeeze and excite", (2, 5, 4),
         [conv(6, "3", padding="1", activation="tanh", name="image"), layer("global_avg_pool"),
          conv(2, "1", activation="tanh"), conv(6, "1", activation="sigmoid", name="scale"),
          layer("multiply", **{"from": "image scale"}), act("tanh"), dense(3)])
    case("shared_input", "the input and one layer each feed three others", (3, 4, 5),
         [conv(3, "1", activation="tanh", name="a"),
          layer("conv", filters=3, kernel_size=3, padding=1, **{"from": "a"}),
          layer("max_pool", kernel_size=3, stride=1, padding=1, **{"from": "a"}),
          layer("concat", **{"from": "a conv2 max_pool1"}), conv(3, "1"),
          layer("multiply", **{"from": "conv3 a"}), act("tanh"), dense(3)])


def container_cases():
    case("residual", "identity, an activation after the sum", (2, 4, 5),
         [conv(4, "1"), residual(conv(4, "3", padding="1", activation="tanh"),
                                 conv(4, "3", padding="1"), activation="tanh"), dense(3)])
    case("residual_project", "the shape changes: convolution and batch_norm on the shortcut",
         (2, 7, 6), [conv(3, "1"), residual(conv(5, "3", stride="2,3", padding="1"), norm(),
                                            activation="tanh"), dense(3)], **SGD5)
    case("residual_same", "projected though the shape stays; a scope", (2, 4, 5),
         [conv(3, "1"), residual(conv(3, "3", padding="1"), norm(), name="r", shortcut="project"),
          act("tanh"), dense(3)], **SGD5)
    case("residual_features", "a dense layer on the shortcut", 6,
         [dense(5, activation="tanh"), residual(dense(7, activation="tanh"), dense(8)), act("tanh"),
          dense(3, name="classes")], batch=9, live=7, **SGD5)
    case("residual_nested", "three deep, one unnamed, an empty body's worth of sums", (2, 4, 5),
         [conv(4, "1"),
          residual(conv(4, "3", padding="1", activation="tanh"),
                   residual(conv(4, "1"), residual(conv(4, "3", padding="1"), shortcut="identity"),
                            activation="tanh", name="inner"),
                   conv(4, "1"), name="outer", activation="tanh"), dense(3)])
    case("residual_frozen", "trainable off: weights stay, statistics of body and shortcut go on",
         (2, 4, 5), [conv(3, "1"), residual(conv(5, "3", stride="2", padding="1"), norm(),
                                            trainable="false"), act("tanh"), dense(3)], **SGD5)
    case("parallel", "concatenated: a convolution, a pool and the input", (2, 4, 5),
         [conv(3, "1", activation="tanh"),
          parallel([conv(4, "3", padding="1")], [],
                   [pool("avg_pool", "3", stride="1", padding="1"), conv(2, "1")]),
          act("tanh"), dense(3)])
    case("parallel_add", "added, an activation, named paths", (2, 4, 5),
         [conv(3, "1", activation="tanh"),
          parallel(("path", {"name": "left"}, [conv(3, "3", padding="1")]), [],
                   ("path", {"name": "right"}, [conv(3, "1"), act("tanh"), conv(3, "1")]),
                   join="add", activation="tanh", name="p"), dense(3)])
    case("parallel_multiply", "a gate: the input times what it squeezes to", (2, 4, 5),
         [conv(4, "3", padding="1"),
          parallel([], [layer("global_max_pool"), conv(4, "1", activation="sigmoid")],
                   join="multiply"), act("tanh"), dense(3)])
    case("blocks", "parameters, arguments, defaults, expressions, times, a frozen use", (2, 6, 6),
         [conv("{w}", "1"), layer("use", block="basic", f="{w}", times=2),
          layer("use", block="basic", name="down", f="{w+2}", s="{4/2}"),
          ("repeat", {"times": "2"}, [conv("{w+2}", "{w-3},1", padding="{(w-4)/2},0"),
                                      act("tanh")]),
          layer("use", block="basic", f="{w+2}", trainable="false"), dense(3)],
         head=[layer("param", name="w", value=4),
               ("block", {"name": "basic"},
                [layer("arg", name="f"), layer("arg", name="s", default="{1}"),
                 residual(conv("{f}", "3", stride="{s}", padding="1"), norm(),
                          activation="tanh")])],
         **SGD5)


def whole_cases():
    """Many rows at once, as people combine them."""
    case("net_resnet", "residuals of both kinds, silu, adamw, clipped", (3, 8, 8),
         [conv(8, "3", padding="1"), norm(activation="silu"),
          residual(conv(8, "3", padding="1"), norm(activation="silu"), conv(8, "3", padding="1"),
                   norm(), activation="silu"),
          residual(conv(12, "3", stride="2", padding="1"), norm(activation="silu"),
                   conv(12, "3", padding="1"), norm(), activation="silu"),
          layer("global_avg_pool"), dense(5)],
         opt={"type": "adamw", "lr": "0.02", "weight_decay": "0.1"}, train={"grad_clip": "1"},
         loss={"type": "cross_entropy", "label_smoothing": "0.1"}, live=3, steps=(1, 5))
    case("net_mobile", "inverted residuals with squeeze and excite", (3, 8, 7),
         [conv(6, "3", stride="2", padding="same"), norm(activation="tanh"),
          residual(conv(12, "1"), norm(activation="silu"),
                   layer("depthwise_conv", kernel_size=5, padding="same"), norm(activation="gelu"),
                   parallel([], [layer("global_avg_pool"), conv(4, "1", activation="silu"),
                                 conv(12, "1", activation="sigmoid")], join="multiply"),
                   conv(6, "1"), norm()),
          layer("global_avg_pool"), dense(5)],
         opt={"type": "rmsprop", "lr": "0.01", "momentum": "0.5", "eps": "1e-2"}, steps=(1, 5))
    case("net_decoder", "an hourglass that learns its input", (1, 8, 8),
         [conv(6, "3", stride="2", padding="1", activation="elu"),
          conv(8, "3", stride="2", padding="1", activation="elu"), layer("group_norm", groups=2),
          layer("conv_transpose", filters=6, kernel_size=4, stride=2, padding=1, activation="gelu"),
          layer("upsample", mode="bilinear"), conv(4, "3", padding="1", activation="softplus"),
          conv(1, "1")],
         loss={"type": "binary_cross_entropy", "target": "input"},
         opt={"type": "adam", "lr": "0.02", "eps": "1e-3"}, live=3, steps=(1, 5))


norm_cases()
size_cases()
join_cases()
container_cases()
whole_cases()
