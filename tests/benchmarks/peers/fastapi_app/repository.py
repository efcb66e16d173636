"""Data access with boto3's resource API: put, get, scan with a filter, update, delete."""

from __future__ import annotations

import os

import boto3
from boto3.dynamodb.conditions import Attr


class DynamoDBRepository:
    def __init__(self) -> None:
        resource = boto3.resource("dynamodb", endpoint_url=os.environ.get("DYNAMODB_ENDPOINT_URL"))
        self.table = resource.Table(os.environ.get("DYNAMODB_TABLE_NAME", "events"))

    def put_item(self, event: dict) -> None:
        self.table.put_item(Item=event)

    def get_item(self, event_id: str) -> dict | None:
        return self.table.get_item(Key={"eventId": event_id}).get("Item")

    def scan_items(self, status: str | None = None) -> list[dict]:
        arguments = {"FilterExpression": Attr("status").eq(status)} if status is not None else {}
        items: list[dict] = []
        while True:
            page = self.table.scan(**arguments)
            items += page["Items"]
            if "LastEvaluatedKey" not in page:
                return items
            arguments["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def update_item(self, event_id: str, updates: dict) -> dict:
        names = {f"#{i}": name for i, name in enumerate(updates)}
        values = {f":{i}": value for i, value in enumerate(updates.values())}
        sets = ", ".join(f"#{i} = :{i}" for i in range(len(updates)))
        return self.table.update_item(
            Key={"eventId": event_id},
            UpdateExpression=f"SET {sets}",
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=values,
            ReturnValues="ALL_NEW",
        )["Attributes"]

    def delete_item(self, event_id: str) -> None:
        self.table.delete_item(Key={"eventId": event_id})
