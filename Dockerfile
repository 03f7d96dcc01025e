# The web app in a container, on a CPU or a GPU machine.
#
#   docker build -t gcd .
#   docker run --rm -p 8501:8501 gcd                       CPU
#   docker run --rm -p 8501:8501 --gpus all gcd            GPU, where the NVIDIA container toolkit is installed
#   docker run --rm -p 8501:8501 -e STREAMLIT_SERVER_BASE_URL_PATH=lab/gcd gcd     behind a proxy, on a sub-path
#
# PIP_INDEX_URL and PIP_EXTRA_INDEX_URL are passed on to pip (--build-arg), for instance to take PyTorch's builds without CUDA.

# The 3D viewer, so that a laboratory without internet sees atoms.
FROM node:22-slim AS viewer
WORKDIR /viewer
COPY requirements.txt .
RUN version="$(sed -n 's/^py3Dmol==//p' requirements.txt)" \
 && npm pack --silent "3dmol@$version" \
 && tar -xzf 3dmol-*.tgz package/build/3Dmol-min.js

FROM python:3.12-slim
ARG PIP_INDEX_URL
ARG PIP_EXTRA_INDEX_URL
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /app
COPY requirements.txt .
RUN pip install -r requirements.txt
COPY pyproject.toml README.md LICENSE app.py ./
COPY .streamlit .streamlit
COPY checkpoints checkpoints
COPY data data
COPY gcd gcd
COPY pages pages
COPY static static
RUN pip install --no-deps --editable .
COPY --from=viewer /viewer/package/build/3Dmol-min.js static/3Dmol-min.js
RUN useradd --create-home gcd
USER gcd
EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s CMD python -c "import os, urllib.request as u; \
path = os.environ.get('STREAMLIT_SERVER_BASE_URL_PATH', '').strip('/'); \
u.urlopen('http://127.0.0.1:8501/' + (path + '/' if path else '') + '_stcore/health', timeout=4).read()"
CMD ["python", "-m", "streamlit", "run", "app.py", "--server.address", "0.0.0.0", "--server.headless", "true"]
