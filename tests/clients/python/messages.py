"""The messages that the scenarios send. The clients in other languages build the same ones."""

from google.protobuf import timestamp_pb2

from sessiongateway.v1 import qlik_pb2, symphony_pb2

INT32_MIN, INT32_MAX = -(2**31), 2**31 - 1
INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1
ZERO_GUID = "00000000-0000-0000-0000-000000000000"


def session_extremes():
    v1 = symphony_pb2
    return v1.Session(
        session_name='Grüße 漢字 🚀 "quoted" back\\slash\nline\ttab\x01',
        session_type="",
        session_tag="Tag_-09",
        session_priority=10000,
        service_name="/",
        common_data=[
            v1.TypedValue(string_chars="Ωmega"),
            v1.TypedValue(uint32=2**32 - 1),
            v1.TypedValue(int64=INT64_MIN),
            v1.TypedValue(int64=INT64_MAX),
            v1.TypedValue(uint64=2**64 - 1),
            v1.TypedValue(bytes=bytes(range(256))),
            v1.TypedValue(bytes=b""),
            v1.TypedValue(other=v1.TypedValue.Other(type="SOAM_CUSTOM_1", value="not checked, %")),
            v1.TypedValue(other=v1.TypedValue.Other(type="SOAM_CUSTOM_2")),
        ],
        enable_data_compression=True,
        parent=v1.Parent(session_id="9007199254740993"),
        data_compression_threshold=INT32_MIN,
        preemptive=True,
        service_to_slot_ratio=v1.ServiceToSlotRatio(num_services=1, num_slots=2**32 - 1),
        preemption_rank=1,
        default_resource_attribute_value=1.7976931348623157e308,
        resource_preference=v1.ResourcePreference(
            expression="a < b && c",
            resource_attribute_definition=[
                v1.ResourceAttributeDefinition(name="a", alias="b", default_value=5e-324),
                v1.ResourceAttributeDefinition(default_value=-0.0),
                v1.ResourceAttributeDefinition(),
            ],
        ),
        resource_attribute_definition=[
            v1.ResourceAttributeDefinition(default_value=0.1),
            v1.ResourceAttributeDefinition(default_value=20),
            v1.ResourceAttributeDefinition(default_value=-1e21),
        ],
        docker_mount_definition=[
            v1.DockerMountDefinition(host_dir="/tmp", container_dir="/in", readonly=True),
            v1.DockerMountDefinition(),
        ],
        session_meta_data="\x00 is a character",
        attributes={"ä": "3", "b": "", "A": "1", "a": "2", "": "empty"},
        dataset_dependencies=["", "x"],
        session_timeout=INT32_MAX,
        task_timeout=-1,
        resource_limit=v1.ResourceLimit(
            cpu_limit=INT64_MAX,
            physical_memory_limit=INT64_MIN,
            virtual_memory_limit=2**53 + 1,
            jvm_min_heap=-1,
            jvm_max_heap=0,
        ),
        session_ttl_in_minutes=INT32_MIN,
        additional_json={"/policyTagPath": "null"},
    )


def session_zero():
    v1 = symphony_pb2
    return v1.Session(
        session_name="",
        session_tag="",
        common_data=[
            v1.TypedValue(string_chars=""),
            v1.TypedValue(uint32=0),
            v1.TypedValue(int64=0),
            v1.TypedValue(uint64=0),
            v1.TypedValue(bytes=b""),
        ],
        enable_data_compression=False,
        parent=v1.Parent(),
        data_compression_threshold=0,
        preemptive=False,
        service_to_slot_ratio=v1.ServiceToSlotRatio(),
        default_resource_attribute_value=0,
        docker_mount_definition=[v1.DockerMountDefinition(container_dir="", readonly=False)],
        session_timeout=0,
        resource_limit=v1.ResourceLimit(cpu_limit=0),
    )


def session_additional():
    return symphony_pb2.Session(
        docker_mount_definition=[symphony_pb2.DockerMountDefinition(host_dir="/tmp")],
        additional_json={
            "/futureMember": '"\\u00fc"',
            "/parent/new": '{"deep":[1e400,-0,12345678901234567890.10]}',
            "/dockerMountDefinition/0/propagation": '"rshared"',
        },
    )


def session_with_faults():
    """Breaks a rule in each of its fields."""
    v1 = symphony_pb2
    return v1.Session(
        session_tag="ä",
        session_priority=0,
        common_data=[
            v1.TypedValue(uint32=1),
            v1.TypedValue(other=v1.TypedValue.Other(value="x")),
            v1.TypedValue(),
        ],
        service_to_slot_ratio=v1.ServiceToSlotRatio(num_services=2, num_slots=2),
        preemption_rank=10001,
        default_resource_attribute_value=float("nan"),
        docker_mount_definition=[
            v1.DockerMountDefinition(host_dir="/"),
            v1.DockerMountDefinition(host_dir="tmp"),
        ],
        additional_json={"/sessionName": '"x"', '/a"b': "{"},
    )


def timestamp(seconds, nanos=0):
    return timestamp_pb2.Timestamp(seconds=seconds, nanos=nanos)


def execution_session_extremes(row_id):
    v1 = qlik_pb2
    return v1.ExecutionSession(
        id=row_id,
        created_date=timestamp(1709251199, 999999999),
        modified_date=timestamp(-62135596800),
        modified_by_user_name="DIRECTORY\\üser",
        schema_path="ExecutionSession",
        privileges=["read", ""],
        executing_node=v1.ExecutingNode(id=ZERO_GUID),
        execution_result=v1.ExecutionResult(
            id="",
            status=77,
            start_time=timestamp(-1, 999000000),
            stop_time=timestamp(253402300799, 999999999),
            duration=INT64_MAX,
            file_reference_id="ABCDEFab-0b8a-43b9-b35d-6489e6daee91",
            script_log_available=True,
            details=[
                v1.ExecutionResultDetail(
                    details_type=INT32_MIN,
                    message="漢字 🚀",
                    detail_created_date=timestamp(948603367, 1000000),
                ),
                v1.ExecutionResultDetail(),
            ],
            script_log_size=INT64_MIN,
        ),
        abort_at=timestamp(1798675200),
        retries=INT32_MIN,
        abort_reason=INT32_MAX,
        app=v1.App(
            name="App",
            publish_time=timestamp(948603367),
            published=True,
            stream=v1.Stream(),
            availability_status=v1.APP_AVAILABILITY_STATUS_NOT_MIGRATED,
        ),
        user="üser",
        reload_task=v1.Task(
            task_type=v1.TASK_TYPE_PRELOAD,
            enabled=True,
            task_session_timeout=INT32_MAX,
            max_retries=-1,
            operational=v1.TaskOperational(
                last_execution_result=v1.ExecutionResult(
                    status=v1.TASK_EXECUTION_STATUS_DISTRIBUTION_RUNNING
                ),
                next_execution=timestamp(1907755200, 500000000),
            ),
        ),
        additional_json={"/externalProgramTask": "null"},
    )


def execution_session_zero():
    v1 = qlik_pb2
    return v1.ExecutionSession(
        id="",
        executing_node=v1.ExecutingNode(),
        execution_result=v1.ExecutionResult(
            status=v1.TASK_EXECUTION_STATUS_NEVER_STARTED,
            start_time=timestamp(0),
            duration=0,
            script_log_available=False,
            details=[v1.ExecutionResultDetail(details_type=v1.DETAILS_TYPE_ERROR, message="")],
        ),
        retries=0,
        abort_reason=v1.ABORT_REASON_UNDEFINED,
        app=v1.App(published=False, availability_status=v1.APP_AVAILABILITY_STATUS_NOT_APPLICABLE),
        user="",
        reload_task=v1.Task(task_type=v1.TASK_TYPE_RELOAD, enabled=False, max_retries=0),
    )


def execution_session_with_faults():
    """Breaks a rule in each of its fields."""
    v1 = qlik_pb2
    return v1.ExecutionSession(
        id="{046b6c7f-0b8a-43b9-b35d-6489e6daee91}",
        abort_at=timestamp(253402300800),
        execution_result=v1.ExecutionResult(
            file_reference_id="x", details=[v1.ExecutionResultDetail(), v1.ExecutionResultDetail(id="0")]
        ),
        additional_json={"/app": "{}"},
    )
