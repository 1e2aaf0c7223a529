"""The least that FastAPI can do: what polling is compared with. Run by ``benchmarks.polling``."""

import sys

import uvicorn
from fastapi import FastAPI


def main() -> None:
    """One endpoint with a path parameter, on the port that the first argument names."""
    app = FastAPI()

    @app.get("/bare/{name}")
    async def bare(name: str) -> dict[str, str]:
        return {"id": name, "state": "running"}

    uvicorn.run(app, port=int(sys.argv[1]), access_log=False, log_level="warning")


if __name__ == "__main__":
    main()
