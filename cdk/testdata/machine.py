"""Executes a state machine with moto's Step Functions, once with each input.

Reads {"definition": ..., "name": ..., "inputs": [...]} and writes a list of {"status", "output", "payloads"}:
what each Lambda invocation was given. Each gets a report with its payload's shard as its answer.
"""

import json
import os
import sys
import threading
import time

os.environ.update(AWS_ACCESS_KEY_ID="id", AWS_SECRET_ACCESS_KEY="key", AWS_DEFAULT_REGION="us-east-1", MOTO_ACCOUNT_ID="123456789012")

import boto3
import jsonata
from moto import mock_aws
from moto.awslambda_simple import models as simple
from moto.stepfunctions.parser.asl.jsonata import jsonata as evaluation
from moto.stepfunctions.parser.backend import execution_worker

payloads, lock = [], threading.Lock()


def invoke(self, function_name, qualifier, body, headers, response_headers):
    payload = json.loads(body)
    with lock:
        payloads.append(payload)
    return json.dumps({"burst_id": "abcdefghij23", "shard": payload["shard"]}).encode()


# moto leaves a datetime where Step Functions has a text.
make = execution_worker.ExecutionData
execution_worker.ExecutionData = lambda **fields: make(**{**fields, "StartTime": fields["StartTime"].isoformat().replace("+00:00", "Z")})


# moto knows the states of JSONata, and brings nothing that evaluates it.
evaluation._eval_jsonata = lambda expression: jsonata.Jsonata(expression).evaluate(None)


def main():
    order = json.load(sys.stdin)
    simple.LambdaSimpleBackend.invoke = invoke
    with mock_aws(config={"stepfunctions": {"execute_state_machine": True}, "lambda": {"use_docker": False}}):
        trust = json.dumps({"Version": "2012-10-17", "Statement": []})
        role = boto3.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        boto3.client("lambda").create_function(
            FunctionName="spike", Runtime="provided.al2023", Role=role, Handler="bootstrap", Code={"ZipFile": b"stand-in"})
        states = boto3.client("stepfunctions")
        results = []
        for i, given in enumerate(order["inputs"]):
            payloads.clear()
            arn = states.create_state_machine(name=f"machine-{i}", definition=order["definition"], roleArn=role)["stateMachineArn"]
            execution = states.start_execution(stateMachineArn=arn, name=order["name"], input=json.dumps(given))["executionArn"]
            while (result := states.describe_execution(executionArn=execution))["status"] == "RUNNING":
                time.sleep(0.05)
            results.append({"status": result["status"], "output": result.get("output"), "cause": result.get("cause"), "payloads": payloads[:]})
    json.dump(results, sys.stdout)


main()
