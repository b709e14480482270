"""The peer: a registration service as a FastAPI team would write it, with a unique constraint and nothing else.

No audit row, no window, no capacity, no keys, no announcement. With PEER_COUNT=recent (the faster one) `current_count`
may be 250 ms old, as ours may; with PEER_COUNT=exact every answer counts. Run by `benchmarks/run.py`; never part of the
product.
"""

import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from fastapi import FastAPI
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from sqlalchemy import DateTime, ForeignKey, String, UniqueConstraint, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

COUNT_MAX_AGE_SECONDS = 0.25 if os.environ["PEER_COUNT"] == "recent" else 0

engine = create_async_engine(os.environ["PEER_DATABASE_URL"], pool_size=20, max_overflow=0, pool_timeout=30)
Session = async_sessionmaker(engine, expire_on_commit=False)


class Base(DeclarativeBase):
    pass


class Run(Base):
    __tablename__ = "runs"

    id: Mapped[int] = mapped_column(primary_key=True)
    session_id: Mapped[str] = mapped_column(String(255), unique=True)


class Attendance(Base):
    __tablename__ = "attendances"
    __table_args__ = (UniqueConstraint("run_id", "runner_name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"))
    runner_name: Mapped[str] = mapped_column(String(255))
    registered_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=lambda: datetime.now(UTC))


class RegistrationRequest(BaseModel):
    session_id: str = Field(min_length=1, max_length=255)
    runner_name: str = Field(min_length=1, max_length=255)


class AttendanceResponse(BaseModel):
    success: bool
    message: str
    current_count: int


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    yield
    await engine.dispose()


app = FastAPI(lifespan=lifespan)
_counts: dict[int, tuple[float, int]] = {}


async def current_count(session: AsyncSession, run_id: int) -> int:
    """How many came; counted by each worker, at most every 250 ms when a recent number will do."""
    now = time.monotonic()
    counted_at, count = _counts.get(run_id, (-1.0, 0))
    if now - counted_at >= COUNT_MAX_AGE_SECONDS:
        _counts[run_id] = (now, count)  # the others go on with the old number while this one counts
        query = select(func.count()).select_from(Attendance).where(Attendance.run_id == run_id)
        count = (await session.execute(query)).scalar_one()
        _counts[run_id] = (now, count)
    return count


@app.post("/api/register", status_code=201, response_model=AttendanceResponse)
async def register(body: RegistrationRequest) -> AttendanceResponse | JSONResponse:
    async with Session() as session:
        run_id = (await session.execute(select(Run.id).where(Run.session_id == body.session_id))).scalar_one_or_none()
        if run_id is None:
            return JSONResponse({"success": False, "message": "Unknown session.", "current_count": 0}, status_code=404)
        session.add(Attendance(run_id=run_id, runner_name=body.runner_name))
        try:
            count = await current_count(session, run_id)
            await session.commit()
        except IntegrityError:
            await session.rollback()
            count = await current_count(session, run_id)
            answer = AttendanceResponse(success=False, message="Already registered.", current_count=count)
            return JSONResponse(answer.model_dump(), status_code=409)
    return AttendanceResponse(success=True, message=f"Welcome, {body.runner_name}.", current_count=count)
