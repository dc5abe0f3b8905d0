"""Which operations of TensorFlow a foreign SavedModel may have: judged over all that are registered."""

import re

import pytest

from keras_genzoo.untrusted import saved_model

pytest.importorskip("tensorflow")

# Words that speak of files, hosts and programs, in the names of operations and of what they are given.
OUTSIDE = re.compile(
    r"file|path|_dir|url|address|region|prefix|server|descriptor|record|dump|debug|^print|summary|reader|snapshot|iterator"
    r"|send|recv|host|rpc|collective|nccl|pyfunc|mlir|custom|session|queue|barrier_|stage|mutex|callmodule|enqueue|save"
    r"|restore|textline|lmdb|sql|skipgram|remapmatrix|remotecall|abort|dataservice|executor",
    re.IGNORECASE,
)
# Operations that pass, with one of these words. No file, host or program is meant, or there is no way to name it.
MEANT_OTHERWISE = {
    "BoostedTreesCalculateBestFeatureSplit",  # summaries of numbers
    "BoostedTreesCalculateBestGainsPerFeature",
    "BoostedTreesMakeStatsSummary",
    "BoostedTreesSparseCalculateBestFeatureSplit",
    "CTCBeamSearchDecoder",  # top_paths
    "CudnnRNNBackpropV2",  # host_reserved: memory
    "CudnnRNNBackpropV3",
    "DebugGradientIdentity",  # identities
    "DebugGradientRefIdentity",
    "DebugNumericSummaryV2",  # gives the summary as a tensor
    "HostConst",  # a constant in main memory
    "InfeedEnqueuePrelinearizedBuffer",  # to an accelerator
    "PartitionedCall",  # executor_type: what runs the function
    "Snapshot",  # an identity
    "SnapshotNestedDatasetReader",  # of readers, which are refused
    "StatefulPartitionedCall",
    "VarHandleOp",  # debug_name
}


@pytest.mark.slow
def test_no_operation_of_tensorflow_is_forgotten():
    from tensorflow.core.framework import op_def_pb2
    from tensorflow.python.client import pywrap_tf_session

    operations = op_def_pb2.OpList()
    operations.ParseFromString(pywrap_tf_session.TF_GetBuffer(pywrap_tf_session.TF_GetAllOpList()))
    named = {
        one.name for one in operations.op for name in (one, *one.input_arg, *one.attr) if OUTSIDE.search(name.name)
    }
    assert len(operations.op) > 1500 and len(named) > 200
    assert {name for name in named if saved_model._is_harmless(name)} <= MEANT_OTHERWISE
    assert not saved_model._is_harmless("NoSuchOperation")
