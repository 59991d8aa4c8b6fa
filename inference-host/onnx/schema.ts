import protobuf, { type Long } from 'protobufjs'

/**
 * The messages of ONNX that a rewrite touches. What is left out (functions, sparse tensors, device settings) is
 * kept as the bytes it was, see file.ts.
 *
 * Source: https://github.com/onnx/onnx/blob/v1.19.0/onnx/onnx-ml.proto, names and numbers as they are there.
 * Copyright (c) ONNX Project Contributors, licensed under the Apache License 2.0.
 */
const SCHEMA = `
syntax = "proto2";
package onnx;

message ModelProto {
  optional int64 ir_version = 1;
  optional string producer_name = 2;
  optional string producer_version = 3;
  optional string domain = 4;
  optional int64 model_version = 5;
  optional string doc_string = 6;
  optional GraphProto graph = 7;
  repeated OperatorSetIdProto opset_import = 8;
  repeated StringStringEntryProto metadata_props = 14;
}
message OperatorSetIdProto {
  optional string domain = 1;
  optional int64 version = 2;
}
message StringStringEntryProto {
  optional string key = 1;
  optional string value = 2;
}
message GraphProto {
  repeated NodeProto node = 1;
  optional string name = 2;
  repeated TensorProto initializer = 5;
  optional string doc_string = 10;
  repeated ValueInfoProto input = 11;
  repeated ValueInfoProto output = 12;
  repeated ValueInfoProto value_info = 13;
}
message NodeProto {
  repeated string input = 1;
  repeated string output = 2;
  optional string name = 3;
  optional string op_type = 4;
  repeated AttributeProto attribute = 5;
  optional string doc_string = 6;
  optional string domain = 7;
}
message AttributeProto {
  optional string name = 1;
  optional float f = 2;
  optional int64 i = 3;
  optional bytes s = 4;
  optional TensorProto t = 5;
  optional GraphProto g = 6;
  repeated float floats = 7;
  repeated int64 ints = 8;
  repeated bytes strings = 9;
  repeated GraphProto graphs = 11;
  optional string doc_string = 13;
  optional int32 type = 20;
}
message TensorProto {
  repeated int64 dims = 1;
  optional int32 data_type = 2;
  repeated float float_data = 4 [packed = true];
  repeated int32 int32_data = 5 [packed = true];
  repeated int64 int64_data = 7 [packed = true];
  optional string name = 8;
  optional bytes raw_data = 9;
  optional string doc_string = 12;
  repeated StringStringEntryProto external_data = 13;
  optional int32 data_location = 14;
}
message ValueInfoProto {
  optional string name = 1;
  optional TypeProto type = 2;
  optional string doc_string = 3;
}
message TypeProto {
  message Tensor {
    optional int32 elem_type = 1;
    optional TensorShapeProto shape = 2;
  }
  optional Tensor tensor_type = 1;
  optional string denotation = 6;
}
message TensorShapeProto {
  message Dimension {
    optional int64 dim_value = 1;
    optional string dim_param = 2;
    optional string denotation = 3;
  }
  repeated Dimension dim = 1;
}
`

/** How protobufjs gives a 64-bit integer, and what it takes for one. */
export type Int64 = number | Long

/** Element types by their number in `TensorProto.DataType`. */
export const DATA_TYPE = { float32: 1, uint8: 2, int32: 6, int64: 7, bool: 9, float16: 10 } as const

/** Kinds of value by their number in `AttributeProto.AttributeType`. */
export const ATTRIBUTE_TYPE = {
  float: 1,
  int: 2,
  string: 3,
  tensor: 4,
  graph: 5,
  floats: 6,
  ints: 7,
} as const

export type Entry = { key: string; value: string }

export type TensorProto = {
  name?: string
  dims?: Int64[]
  data_type?: number
  float_data?: number[]
  int32_data?: number[]
  int64_data?: Int64[]
  raw_data?: Uint8Array
  external_data?: Entry[]
  data_location?: number
}

export type AttributeProto = {
  name: string
  type?: number
  f?: number
  i?: Int64
  s?: Uint8Array
  t?: TensorProto
  g?: GraphProto
  ints?: Int64[]
  graphs?: GraphProto[]
}

export type NodeProto = {
  input: string[]
  output: string[]
  name?: string
  op_type: string
  domain?: string
  attribute?: AttributeProto[]
}

export type Dimension = { dim_value?: Int64; dim_param?: string }

export type ValueInfoProto = {
  name: string
  type?: { tensor_type?: { elem_type?: number; shape?: { dim?: Dimension[] } } }
}

export type GraphProto = {
  name?: string
  node: NodeProto[]
  initializer: TensorProto[]
  input: ValueInfoProto[]
  output: ValueInfoProto[]
  value_info?: ValueInfoProto[]
}

export type ModelProto = {
  ir_version?: Int64
  producer_name?: string
  graph: GraphProto
  opset_import: { domain?: string; version?: Int64 }[]
}

/** Encodes and decodes a whole model. */
export const MODEL = protobuf.parse(SCHEMA, { keepCase: true }).root.lookupType('onnx.ModelProto')
