# What `graphc` offers, for type checkers; at run time __init__.py loads each name when it is asked for.

from graphc.derive.derivation import Derivation as Derivation
from graphc.derive.derivation import derive as derive
from graphc.derive.forward import hessian as hessian
from graphc.derive.forward import hessian_vector_product as hessian_vector_product
from graphc.derive.forward import jacobian as jacobian
from graphc.derive.forward import jvp as jvp
from graphc.derive.reverse import grad as grad
from graphc.derive.reverse import gradients as gradients
from graphc.draw.picture import Picture as Picture
from graphc.emit.compile import compile_
from graphc.emit.function import Function as Function
from graphc.emit.function import Step as Step
from graphc.ir.errors import BindError as BindError
from graphc.ir.errors import DTypeError as DTypeError
from graphc.ir.errors import GradientError as GradientError
from graphc.ir.errors import GraphcError as GraphcError
from graphc.ir.errors import LegalityError as LegalityError
from graphc.ir.errors import OutputError as OutputError
from graphc.ir.errors import ParseError as ParseError
from graphc.ir.errors import ShapeError as ShapeError
from graphc.ir.graph import Graph as Graph
from graphc.ir.node import Node as Node
from graphc.lang.build import expression as expression
from graphc.lang.build import parse as parse
from graphc import nn as nn
from graphc.nn import init as init
from graphc.ops.activations import clip as clip
from graphc.ops.activations import elu as elu
from graphc.ops.activations import gelu as gelu
from graphc.ops.activations import gelu_tanh as gelu_tanh
from graphc.ops.activations import hard_sigmoid as hard_sigmoid
from graphc.ops.activations import identity as identity
from graphc.ops.activations import leaky_relu as leaky_relu
from graphc.ops.activations import log_sigmoid as log_sigmoid
from graphc.ops.activations import maxout as maxout
from graphc.ops.activations import prelu as prelu
from graphc.ops.activations import relu as relu
from graphc.ops.activations import selu as selu
from graphc.ops.activations import sigmoid as sigmoid
from graphc.ops.activations import silu as silu
from graphc.ops.activations import softplus as softplus
from graphc.ops.activations import softsign as softsign
from graphc.ops.attention import causal_mask as causal_mask
from graphc.ops.attention import masked_softmax as masked_softmax
from graphc.ops.attention import multi_head_attention as multi_head_attention
from graphc.ops.attention import scaled_dot_product_attention as scaled_dot_product_attention
from graphc.ops.contract import contract as contract
from graphc.ops.contract import diag as diag
from graphc.ops.contract import dot as dot
from graphc.ops.contract import matmul as matmul
from graphc.ops.contract import outer as outer
from graphc.ops.contract import trace as trace
from graphc.ops.facts import Integer as Integer
from graphc.ops.facts import OneHot as OneHot
from graphc.ops.facts import Range as Range
from graphc.ops.facts import SumsTo as SumsTo
from graphc.ops.facts import Symmetric as Symmetric
from graphc.ops.index import arange as arange
from graphc.ops.index import argmax as argmax
from graphc.ops.index import argmin as argmin
from graphc.ops.index import embedding as embedding
from graphc.ops.index import eye as eye
from graphc.ops.index import full as full
from graphc.ops.index import gather as gather
from graphc.ops.index import getitem as getitem
from graphc.ops.index import one_hot as one_hot
from graphc.ops.index import ones as ones
from graphc.ops.index import scatter_add as scatter_add
from graphc.ops.index import zeros as zeros
from graphc.ops.leaf import assume as assume
from graphc.ops.leaf import const as const
from graphc.ops.leaf import input_
from graphc.ops.leaf import param as param
from graphc.ops.leaf import size as size
from graphc.ops.leaf import state as state
from graphc.ops.losses import binary_cross_entropy as binary_cross_entropy
from graphc.ops.losses import cross_entropy as cross_entropy
from graphc.ops.losses import log_softmax as log_softmax
from graphc.ops.losses import logsumexp as logsumexp
from graphc.ops.losses import mean_squared_error as mean_squared_error
from graphc.ops.losses import norm as norm
from graphc.ops.losses import softmax as softmax
from graphc.ops.losses import stop_gradient as stop_gradient
from graphc.ops.move import broadcast as broadcast
from graphc.ops.move import concat as concat
from graphc.ops.move import expand_dims as expand_dims
from graphc.ops.move import pad as pad
from graphc.ops.move import reshape as reshape
from graphc.ops.move import squeeze as squeeze
from graphc.ops.move import stack as stack
from graphc.ops.move import transpose as transpose
from graphc.ops.pointwise import abs_, pow_
from graphc.ops.pointwise import add as add
from graphc.ops.pointwise import cos as cos
from graphc.ops.pointwise import div as div
from graphc.ops.pointwise import equal as equal
from graphc.ops.pointwise import erf as erf
from graphc.ops.pointwise import exp as exp
from graphc.ops.pointwise import expm1 as expm1
from graphc.ops.pointwise import greater as greater
from graphc.ops.pointwise import greater_equal as greater_equal
from graphc.ops.pointwise import less as less
from graphc.ops.pointwise import less_equal as less_equal
from graphc.ops.pointwise import log as log
from graphc.ops.pointwise import log1p as log1p
from graphc.ops.pointwise import maximum as maximum
from graphc.ops.pointwise import minimum as minimum
from graphc.ops.pointwise import mul as mul
from graphc.ops.pointwise import neg as neg
from graphc.ops.pointwise import not_equal as not_equal
from graphc.ops.pointwise import reciprocal as reciprocal
from graphc.ops.pointwise import sign as sign
from graphc.ops.pointwise import sin as sin
from graphc.ops.pointwise import sqrt as sqrt
from graphc.ops.pointwise import square as square
from graphc.ops.pointwise import step as step
from graphc.ops.pointwise import sub as sub
from graphc.ops.pointwise import tanh as tanh
from graphc.ops.pointwise import where as where
from graphc.ops.random import dropout as dropout
from graphc.ops.random import random_uniform as random_uniform
from graphc.ops.reduce import max_, min_, sum_
from graphc.ops.recurrent import gru as gru
from graphc.ops.recurrent import gru_cell as gru_cell
from graphc.ops.recurrent import gru_state as gru_state
from graphc.ops.recurrent import lstm as lstm
from graphc.ops.recurrent import lstm_cell as lstm_cell
from graphc.ops.recurrent import lstm_memory as lstm_memory
from graphc.ops.recurrent import lstm_output as lstm_output
from graphc.ops.recurrent import rnn as rnn
from graphc.ops.recurrent import rnn_cell as rnn_cell
from graphc.ops.reduce import mean as mean
from graphc.ops.reduce import prod as prod
from graphc.ops.scan import cumprod as cumprod
from graphc.ops.scan import cumsum as cumsum
from graphc.ops.scan import recurrence as recurrence
from graphc.pipeline import draw as draw
from graphc.rewrite.simplify import simplify as simplify

__version__: str

input = input_
abs = abs_
pow = pow_
sum = sum_
max = max_
min = min_
compile = compile_
