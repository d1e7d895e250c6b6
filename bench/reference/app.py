"""The seed's own stack: FastAPI, SQLAlchemy, PostgreSQL, python-jose, bcrypt.

The same calls as AgentAuth, written the way the documentation of these libraries writes
them. It is what the benchmarks compare against, not something to run in production.

    DATABASE_URL   SQLAlchemy URL of an empty PostgreSQL database (required)
    JWT_SECRET     HS256 secret (required)
    BCRYPT_COST    rounds for new keys (default 12)
"""

import os
import secrets
from datetime import datetime, timedelta, timezone
from uuid import UUID

import bcrypt
from fastapi import Depends, FastAPI, HTTPException, status
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from jose import JWTError, jwt
from pydantic import BaseModel, constr
from sqlalchemy import Column, DateTime, ForeignKey, String, create_engine, func, text
from sqlalchemy.dialects.postgresql import UUID as PostgresUUID
from sqlalchemy.orm import Session, declarative_base, sessionmaker

JWT_SECRET = os.environ["JWT_SECRET"]
JWT_ALGORITHM = "HS256"
TOKEN_TTL = timedelta(minutes=15)
BCRYPT_COST = int(os.environ.get("BCRYPT_COST", "12"))

engine = create_engine(os.environ["DATABASE_URL"], pool_size=20, max_overflow=20)
SessionLocal = sessionmaker(bind=engine, autoflush=False)
Base = declarative_base()


def new_uuid() -> Column:
    return Column(
        PostgresUUID(as_uuid=True), primary_key=True, server_default=text("gen_random_uuid()")
    )


def created_at() -> Column:
    return Column(DateTime(timezone=True), server_default=func.now(), nullable=False)


class Agent(Base):
    __tablename__ = "agents"
    id = new_uuid()
    agent_name = Column(String, nullable=False)
    owner_email = Column(String, nullable=False)
    api_key_hash = Column(String, nullable=False)
    created_at = created_at()


class Permission(Base):
    __tablename__ = "permissions"
    id = new_uuid()
    agent_id = Column(PostgresUUID(as_uuid=True), ForeignKey("agents.id"), index=True)
    permission = Column(String, nullable=False)
    created_at = created_at()


class RegisterRequest(BaseModel):
    agent_name: constr(min_length=1, max_length=128)
    owner_email: constr(min_length=3, max_length=254)


class LoginRequest(BaseModel):
    api_key: str


app = FastAPI(title="AgentAuth reference")
bearer = HTTPBearer(auto_error=False)


@app.on_event("startup")
def create_tables() -> None:
    Base.metadata.create_all(engine)


def database():
    session = SessionLocal()
    try:
        yield session
    finally:
        session.close()


def unauthorized() -> HTTPException:
    return HTTPException(
        status.HTTP_401_UNAUTHORIZED, "Invalid credentials", {"WWW-Authenticate": "Bearer"}
    )


def current_agent(
    credentials: HTTPAuthorizationCredentials = Depends(bearer),
    session: Session = Depends(database),
) -> Agent:
    if credentials is None:
        raise unauthorized()
    try:
        claims = jwt.decode(credentials.credentials, JWT_SECRET, algorithms=[JWT_ALGORITHM])
        agent_id = UUID(claims["agent_id"])
    except (JWTError, KeyError, ValueError):
        raise unauthorized()
    agent = session.get(Agent, agent_id)
    if agent is None:
        raise unauthorized()
    return agent


def require(permission: str):
    def check(
        agent: Agent = Depends(current_agent), session: Session = Depends(database)
    ) -> Agent:
        held = session.query(Permission.id).filter_by(agent_id=agent.id, permission=permission)
        if held.first() is None:
            raise HTTPException(status.HTTP_403_FORBIDDEN, "Permission denied")
        return agent

    return check


@app.post("/agents/register", status_code=status.HTTP_201_CREATED)
def register(request: RegisterRequest, session: Session = Depends(database)):
    api_key = secrets.token_hex(32)
    hashed = bcrypt.hashpw(api_key.encode(), bcrypt.gensalt(BCRYPT_COST))
    agent = Agent(
        agent_name=request.agent_name,
        owner_email=request.owner_email,
        api_key_hash=hashed.decode(),
    )
    session.add(agent)
    session.commit()
    return {"agent_id": str(agent.id), "api_key": api_key}


@app.post("/auth/login")
def login(request: LoginRequest, session: Session = Depends(database)):
    # A bcrypt hash cannot be looked up and the key carries no public prefix, so every
    # agent's hash is tried until one matches: this is what the benchmark is about.
    api_key = request.api_key.encode()
    for agent in session.query(Agent):
        if bcrypt.checkpw(api_key, agent.api_key_hash.encode()):
            break
    else:
        raise unauthorized()
    expires = datetime.now(timezone.utc) + TOKEN_TTL
    token = jwt.encode(
        {"agent_id": str(agent.id), "exp": expires}, JWT_SECRET, algorithm=JWT_ALGORITHM
    )
    return {
        "access_token": token,
        "token_type": "bearer",
        "expires_in": int(TOKEN_TTL.total_seconds()),
    }


@app.get("/data/weather")
def weather(agent: Agent = Depends(require("read_weather"))):
    return {"message": "Protected weather data", "agent_id": str(agent.id)}


@app.get("/data/stock")
def stock(agent: Agent = Depends(require("read_stock"))):
    return {"message": "Protected stock data", "agent_id": str(agent.id)}
