"""cases.py: the networks of tests/oracle, a row each.

A case is a name, a line that says what it is there for, an input shape, layers, and what differs
from the usual: cross_entropy, plain sgd, batch 4, all of it live, one step. The layer under test
follows a 1x1 convolution or a dense layer wherever it can, so that its data gradient is needed.
Layers are (element, attributes) or (element, attributes, children). What needs running statistics
or a container is in cases_nets.py.

    head      elements that stand before the layers: parameters, blocks
    train     attributes of <train>
    gain      weights are this many times larger, for activations that bend far from 0
    targets   the range of real targets
    dead      some gradients are 0: the rule that each must be felt is off
"""
CASES = []
USUAL = dict(loss={"type": "cross_entropy"}, opt={"type": "sgd", "lr": "0.5"}, batch=4, live=None,
             steps=(1,), head=(), train={}, gain=1, targets=(-1, 1), dead=False)


def case(name, note, shape, layers, **other):
    c = USUAL | dict(name=name, note=note, shape=shape, layers=layers) | other
    c["live"] = c["live"] or c["batch"]
    c["loss"] = c["loss"] if isinstance(c["loss"], dict) else {"type": c["loss"]}
    CASES.append(c)


def conv(filters, kernel, **attrs):
    return "conv", {"filters": str(filters), "kernel_size": kernel, **attrs}


def dense(units, **attrs):
    return "dense", {"units": str(units), **attrs}


def pool(kind, kernel, **attrs):
    return kind, {"kernel_size": kernel, **attrs}


def act(kind, **attrs):
    return "activation", {"type": kind, **attrs}


def around(layer, channels=3):
    """The layer between a 1x1 convolution and a classifier."""
    return [conv(channels, "1"), layer, act("tanh"), dense(3)]


def conv_cases():
    case("conv_3x3", "no padding, odd sizes", (2, 7, 9), around(conv(4, "3")))
    case("conv_pad", "3x3, padding 1: the image keeps its size", (2, 6, 5),
         around(conv(4, "3", padding="1")))
    case("conv_5x5", "5x5, padding 2", (2, 8, 7), around(conv(2, "5", padding="2")))
    case("conv_1x1", "no window at all", (3, 5, 3), around(conv(5, "1")))
    case("conv_2x3", "a window of unequal sides", (2, 6, 7), around(conv(4, "2,3")))
    case("conv_stride2", "stride 2, odd sizes", (2, 9, 7), around(conv(4, "3", stride="2",
                                                                       padding="1")))
    case("conv_stride3", "stride 3; the last rows and columns are never read", (2, 11, 8),
         around(conv(4, "3", stride="3")))
    case("conv_stride_pair", "unequal strides and paddings", (2, 7, 8),
         around(conv(4, "3", stride="2,1", padding="0,1")))
    case("conv_stride_above_kernel", "gaps between windows", (2, 9, 10),
         around(conv(4, "2", stride="3")))
    case("conv_stride_1x1", "1x1, stride 2: three of four pixels are never read", (2, 7, 6),
         around(conv(4, "1", stride="2")))
    case("conv_same", "same with an even side: the odd pixel at the end", (2, 5, 6),
         around(conv(4, "2,3", padding="same")))
    case("conv_same_stride2", "same with stride 2, 5x5", (2, 8, 7),
         around(conv(2, "5", stride="2", padding="same")))
    case("conv_pad_sides", "four different paddings", (2, 6, 5),
         around(conv(4, "3", padding="0,1,2,3")))
    case("conv_dilation", "unequal dilations", (2, 8, 7),
         around(conv(4, "3", dilation="2,1", padding="2,1")))
    case("conv_dilation_stride2", "dilation and stride", (2, 9, 11),
         around(conv(4, "3", dilation="2", stride="2", padding="valid")))
    case("conv_dilation3_stride2", "dilation and stride without a common factor", (2, 11, 10),
         around(conv(3, "2,3", dilation="3", stride="2", padding="3")))
    case("conv_groups", "two groups", (2, 6, 5), around(conv(6, "3", groups="2", padding="1"), 4))
    case("conv_depthwise", "a group a channel, two filters each", (2, 7, 6),
         around(conv(10, "3", groups="5", stride="2", padding="1"), 5))
    case("conv_one_filter", "a large image, and weights without channels to share out", (1, 13, 12),
         [conv(1, "3", padding="1"), act("tanh"), conv(1, "4", padding="2"), act("tanh"), dense(3)])
    case("conv_no_bias", "bias off, here and in the classifier", (2, 6, 6),
         [conv(3, "1"), conv(4, "3", padding="valid", bias="false"), act("tanh"),
          dense(3, bias="false")])
    case("conv_first", "first layer: no gradient of the input; 17 filters", (3, 9, 8),
         [conv(17, "3", padding="1", activation="tanh"), pool("avg_pool", "4"), dense(3)])
    case("conv_16_32", "channels that fill vectors, 3x3", (2, 7, 7),
         [conv(16, "1"), conv(32, "3", padding="1", activation="tanh"), pool("avg_pool", "3"),
          dense(3)])
    case("conv_17_33", "channels just above a vector, stride 2", (2, 9, 9),
         [conv(17, "1"), conv(33, "3", stride="2", padding="1", activation="tanh"),
          pool("avg_pool", "5"), dense(3)])
    case("conv_33_15", "1x1, channels around a vector, wide image", (2, 3, 17),
         [conv(33, "1"), conv(15, "1", activation="tanh"), pool("avg_pool", "3,5"), dense(3)],
         opt={"type": "sgd", "lr": "4"})


def dense_cases():
    case("dense_features", "input of features", 10, [dense(3)])
    case("dense_image", "dense flattens an image in C,H,W order", (2, 3, 5),
         [dense(7, activation="tanh"), dense(3)])
    case("dense_wide", "31 to 33 to 17, the middle one without bias", 31,
         [dense(33, activation="sigmoid"), dense(17, bias="false", activation="tanh"), dense(3)],
         batch=17)
    case("dense_one", "batch 1", 5, [dense(6, activation="tanh"), dense(2)], batch=1)


def pool_cases():
    def between(layer):
        return [conv(3, "1"), layer, dense(3)]

    case("max_pool_2x2", "the usual one; the last row is dropped", (2, 7, 6),
         between(pool("max_pool", "2")))
    case("max_pool_pad", "3x3, stride 2, padding 1: overlapping, never a padded maximum",
         (2, 7, 8), between(pool("max_pool", "3", stride="2", padding="1")))
    case("max_pool_overlap", "3x2, stride 1: a cell wins in many windows", (2, 5, 6),
         between(pool("max_pool", "3,2", stride="1")))
    case("max_pool_same", "same with stride 2: padding at the end only", (2, 6, 5),
         between(pool("max_pool", "2,3", stride="2", padding="same")))
    case("max_pool_gaps", "stride above the window", (2, 8, 7),
         between(pool("max_pool", "2", stride="3")))
    case("max_pool_relu", "after relu: windows without a positive cell pass nothing", (2, 6, 6),
         [conv(4, "3", padding="1", activation="relu"), pool("max_pool", "2"), dense(3)])
    case("max_pool_ties", "small whole numbers, equal cells: the first maximum wins", (2, 7, 6),
         [conv(3, "1"), pool("max_pool", "3", stride="2", padding="1"), dense(3)])
    case("avg_pool_2x2", "the usual one", (2, 6, 7), between(pool("avg_pool", "2")))
    case("avg_pool_pad", "3x3, stride 2, padding 1: padding is not counted", (2, 7, 8),
         between(pool("avg_pool", "3", stride="2", padding="1")))
    case("avg_pool_sides", "four different paddings, overlapping", (2, 5, 6),
         between(pool("avg_pool", "3,2", stride="1", padding="1,0,1,0")))
    case("global_avg_pool", "mean of the image, flattened, straight into the loss", (2, 5, 7),
         [conv(3, "3", padding="1"), ("global_avg_pool", {}), ("flatten", {})])


def activation_and_loss_cases():
    case("relu", "as an attribute and as a layer", 6,
         [dense(9, activation="relu"), dense(8), act("relu"), dense(3)])
    case("leaky_relu", "default slope, and 0.2", 6,
         [dense(9, activation="leaky_relu"), dense(8), act("leaky_relu", alpha="0.2"), dense(3)])
    case("softmax_mse", "softmax over features, mean squared error", 6,
         [dense(7, activation="sigmoid"), dense(4), act("softmax")], loss="mse",
         opt={"type": "sgd", "lr": "4"})
    case("softmax_image", "softmax over channels in the middle", (2, 3, 5),
         [conv(5, "1", activation="softmax"), conv(2, "3", padding="1"), dense(3)])
    case("mse_image", "targets of the output's shape, an image", (1, 5, 6),
         [conv(4, "3", padding="1", activation="tanh"), conv(2, "3", padding="1")], loss="mse")
    for kind, gain in (("relu6", 9), ("silu", 3), ("gelu", 3), ("softplus", 3), ("hard_swish", 6),
                       ("hard_sigmoid", 6)):
        case(kind, "every branch is met", 6, [dense(9), act(kind), dense(3)], gain=gain)
    case("elu", "as an attribute, and with another depth", 6,
         [dense(9, activation="elu"), dense(8), act("elu", alpha="0.4"), dense(3)])
    case("softmax_folded", "softmax right before cross_entropy is not computed", 6,
         [dense(7, activation="tanh"), dense(4), act("softmax")])
    case("label_smoothing", "0.1 of the target for all classes", 6,
         [dense(7, activation="tanh"), dense(4)],
         loss={"type": "cross_entropy", "label_smoothing": "0.1"})
    case("class_weights", "classes that count 0.5 to 2 times", 6,
         [dense(7, activation="tanh"), dense(4)],
         loss={"type": "cross_entropy", "class_weights": "balanced", "label_smoothing": "0.1"})

    def real(name, note, targets=(-1, 1), shape=(1, 5, 6), layers=None, **other):
        case(name, note, shape, layers or [conv(4, "3", padding="1", activation="tanh"),
                                           conv(2, "3", padding="1")], targets=targets, **other)

    real("bce_image", "binary cross entropy of logits, targets between 0 and 1", (0, 1),
         loss="binary_cross_entropy",
         opt={"type": "sgd", "lr": "2"}, live=3)
    real("mae", "mean absolute error", loss="mae", opt={"type": "sgd", "lr": "2"})
    real("huber", "on both sides of its bend", (-3, 3), loss="huber", opt={"type": "sgd",
                                                                           "lr": "2"})
    real("huber_features", "features, 5 of 7 rows", (-3, 3), 6, [dense(7, activation="tanh"),
                                                                 dense(4)], loss="huber",
         batch=7, live=5)
    real("bce_one", "one logit", (0, 1), 6, [dense(7, activation="tanh"), dense(1)],
         loss="binary_cross_entropy",
         batch=5)
    case("target_input", "an auto-encoder of images: no labels at all", (2, 5, 6),
         [conv(4, "3", padding="1", activation="tanh"), conv(2, "3", padding="1")],
         loss={"type": "mse", "target": "input"}, opt={"type": "sgd", "lr": "2"}, live=3)


def optimizer_cases():
    def mlp(name, note, **opt):
        case(name, note, 6, [dense(7, activation="tanh"), dense(3)], opt=opt, steps=(1, 5))

    mlp("sgd", "plain", type="sgd", lr="0.5")
    mlp("sgd_momentum", "momentum", type="sgd", lr="0.3", momentum="0.9")
    mlp("sgd_nesterov", "Nesterov's momentum", type="sgd", lr="0.3", momentum="0.8",
        nesterov="true")
    mlp("sgd_weight_decay", "L2 in the gradient", type="sgd", lr="0.5", weight_decay="0.1")
    mlp("sgd_all", "momentum, Nesterov and weight decay", type="sgd", lr="0.3", momentum="0.9",
        nesterov="true", weight_decay="0.05")
    mlp("adam", "defaults", type="adam", lr="0.05")
    mlp("adam_betas", "other betas, an eps that is felt", type="adam", lr="0.05", beta1="0.7",
        beta2="0.95", eps="1e-2")
    mlp("adam_weight_decay", "L2 in the gradient", type="adam", lr="0.05", weight_decay="0.1")
    mlp("rmsprop", "defaults but the rate", type="rmsprop", lr="0.02")
    mlp("rmsprop_all", "momentum, decay and L2", type="rmsprop", lr="0.02", momentum="0.8",
        decay="0.9", eps="1e-3", weight_decay="0.1")
    mlp("adagrad", "L2 in the gradient", type="adagrad", lr="0.05", weight_decay="0.1")
    mlp("adamw", "decoupled weight decay", type="adamw", lr="0.05", weight_decay="0.3")
    mlp("adamw_l1", "decoupled weight decay and L1, other betas", type="adamw", lr="0.05",
        weight_decay="0.1", l1="0.05", beta1="0.8", beta2="0.9")
    mlp("lion", "defaults but the rate", type="lion", lr="0.03")
    mlp("lion_decay", "decoupled weight decay and L1", type="lion", lr="0.03", weight_decay="0.3",
        l1="0.01", beta1="0.7", beta2="0.8")
    mlp("sgd_l1", "L1, L2 and momentum", type="sgd", lr="0.3", momentum="0.9", l1="0.05",
        weight_decay="0.1")

    def clip(name, note, limit, **opt):
        case(name, note, 6, [dense(7, activation="tanh"), dense(8, trainable="false"), dense(3)],
             opt=opt, steps=(1, 5), train={"grad_clip": limit})

    clip("clip", "active; L2 and L1 come after it; a frozen layer is not counted", "0.1",
         type="sgd", lr="2", momentum="0.5", weight_decay="0.05", l1="0.01")
    clip("clip_adam", "active in some steps only", "0.6", type="adam", lr="0.1", eps="1e-2")
    clip("clip_idle", "far above the norm", "50", type="sgd", lr="0.3", momentum="0.9")
    case("frozen", "a layer with trainable=false: no gradient of its own, one through it", 6,
         [dense(7, activation="tanh"), dense(8, trainable="false", activation="tanh"), dense(3)],
         opt={"type": "sgd", "lr": "0.5", "momentum": "0.9", "weight_decay": "0.1"}, steps=(1, 5))


def partial_and_mixed_cases():
    case("partial_conv", "3 of 8 images", (2, 6, 5), around(conv(4, "3", padding="1")),
         batch=8, live=3)
    case("partial_one", "1 of 20 images, pooling", (2, 6, 6),
         [conv(4, "3", activation="tanh"), pool("max_pool", "2"), dense(3)], batch=20, live=1)
    case("partial_dense", "17 of 33 rows", 6, [dense(9, activation="tanh"), dense(3)],
         batch=33, live=17)
    case("partial_mse", "5 of 6 images, mean over the live ones, momentum", (1, 4, 5),
         [conv(3, "3", padding="1", activation="sigmoid"), conv(1, "3", padding="1")], loss="mse",
         opt={"type": "sgd", "lr": "0.5", "momentum": "0.9"}, batch=6, live=5, steps=(1, 5))
    case("lenet", "a small LeNet-5, adam", (1, 14, 14),
         [conv(4, "5", padding="2", activation="relu"), pool("max_pool", "2"),
          conv(6, "3", activation="relu"), pool("avg_pool", "2"), ("flatten", {}),
          dense(12, activation="tanh"), dense(5, name="classes")],
         opt={"type": "adam", "lr": "0.02"}, steps=(1, 5))


conv_cases()
dense_cases()
pool_cases()
activation_and_loss_cases()
optimizer_cases()
partial_and_mixed_cases()
