"""A callback handler as somebody would write it for Python with care: FastAPI, PyJWT, keys parsed once, connections
kept, one answer to all that is authentic.

    python3 handler.py PORT CERTIFICATE TLS_KEY COSIGNER_PUBLIC_KEY REPLY_PRIVATE_KEY
"""

import sys
from pathlib import Path

import jwt
import uvicorn
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from fastapi import FastAPI, Request, Response

PORT, CERTIFICATE, TLS_KEY, COSIGNER_KEY, REPLY_KEY = sys.argv[1:]
COSIGNER = load_pem_public_key(Path(COSIGNER_KEY).read_bytes())
REPLY = load_pem_private_key(Path(REPLY_KEY).read_bytes(), password=None)

app = FastAPI()


@app.post("/v2/tx_sign_request")
async def transaction(request: Request) -> Response:
    try:
        asked = jwt.decode(await request.body(), COSIGNER, algorithms=["RS256"])
    except jwt.InvalidTokenError:
        return Response(status_code=401)
    reply = {"action": "APPROVE", "requestId": asked["requestId"]}
    return Response(jwt.encode(reply, REPLY, algorithm="RS256"), media_type="text/plain")


uvicorn.run(
    app, port=int(PORT), ssl_certfile=CERTIFICATE, ssl_keyfile=TLS_KEY, log_level="warning", access_log=False
)
