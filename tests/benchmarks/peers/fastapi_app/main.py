"""The application and its Lambda handler."""

from __future__ import annotations

import logging
from functools import lru_cache
from typing import Annotated, Optional

from botocore.exceptions import BotoCoreError, ClientError
from fastapi import Depends, FastAPI, Request
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import JSONResponse, Response
from mangum import Mangum

from .models import CreateEvent, Event, UpdateEvent
from .repository import DynamoDBRepository
from .service import EventService, NotFound

app = FastAPI()
app.add_middleware(CORSMiddleware, allow_origins=["*"], allow_methods=["*"], allow_headers=["*"])


@lru_cache
def service() -> EventService:
    return EventService(DynamoDBRepository())


Service = Annotated[EventService, Depends(service)]


@app.exception_handler(NotFound)
async def not_found(request: Request, error: NotFound) -> JSONResponse:
    return JSONResponse({"detail": "Event not found"}, 404)


async def server_error(request: Request, error: Exception) -> JSONResponse:
    logging.getLogger(__name__).exception("storage error")
    return JSONResponse({"detail": "Internal server error"}, 500)


app.add_exception_handler(ClientError, server_error)
app.add_exception_handler(BotoCoreError, server_error)


@app.get("/events", response_model=list[Event])
def list_events(service: Service, status: Optional[str] = None):
    return service.list_events(status)


@app.post("/events", response_model=Event, status_code=201)
def create_event(data: CreateEvent, service: Service):
    return service.create_event(data.model_dump(exclude_none=True))


@app.get("/events/{event_id}", response_model=Event)
def get_event(event_id: str, service: Service):
    return service.get_event(event_id)


@app.put("/events/{event_id}", response_model=Event)
def update_event(event_id: str, data: UpdateEvent, service: Service):
    return service.update_event(event_id, data.model_dump(exclude_unset=True, exclude_none=True))


@app.delete("/events/{event_id}", status_code=204)
def delete_event(event_id: str, service: Service):
    service.delete_event(event_id)
    return Response(status_code=204)


handler = Mangum(app, lifespan="off")
