# syntax=docker/dockerfile:1
# Images of the node. `jetson`: ONNX Runtime for Node built with CUDA and TensorRT. `desk`: small, x86 or arm64, CPU only.
# docs/jetson.md has the build commands for JetPack 6 and 7. What a newer JetPack changes is an argument here.

# JetPack 6: Ubuntu 22.04. JetPack 7: an arm64 (SBSA) image with CUDA 13, cuDNN and TensorRT on Ubuntu 24.04.
ARG JETSON_IMAGE=nvcr.io/nvidia/l4t-jetpack:r36.4.0
ARG UBUNTU=jammy
ARG ROS_DISTRO=humble
ARG DESK_IMAGE=ros:${ROS_DISTRO}-ros-base-${UBUNTU}

# ---- Node.js, ROS 2 and what both need, on the Jetson's image
FROM ${JETSON_IMAGE} AS jetson-base
ARG UBUNTU
ARG ROS_DISTRO
ARG ROS_APT_SOURCE_VERSION=1.1.0
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
ENV DEBIAN_FRONTEND=noninteractive LANG=C.UTF-8
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates curl xz-utils \
    && curl -fsSL -o /tmp/ros2-apt-source.deb \
        "https://github.com/ros-infrastructure/ros-apt-source/releases/download/${ROS_APT_SOURCE_VERSION}/ros2-apt-source_${ROS_APT_SOURCE_VERSION}.${UBUNTU}_all.deb" \
    && dpkg -i /tmp/ros2-apt-source.deb \
    && apt-get update \
    && apt-get install -y --no-install-recommends \
        "ros-${ROS_DISTRO}-ros-base" "ros-${ROS_DISTRO}-rmw-fastrtps-cpp" "ros-${ROS_DISTRO}-vision-msgs" \
    && rm -rf /tmp/ros2-apt-source.deb /var/lib/apt/lists/*

# ---- Node.js alone, to be copied: the same for all images
FROM ${DESK_IMAGE} AS node
ARG NODE_VERSION=20.20.2
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
WORKDIR /opt/node
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates curl xz-utils \
    && rm -rf /var/lib/apt/lists/* \
    && machine="$(uname -m)" \
    && archive="node-v${NODE_VERSION}-linux-$(case "${machine}" in x86_64) echo x64 ;; aarch64) echo arm64 ;; esac).tar.xz" \
    && curl -fsSLO "https://nodejs.org/dist/v${NODE_VERSION}/${archive}" \
    && curl -fsSL "https://nodejs.org/dist/v${NODE_VERSION}/SHASUMS256.txt" | grep " ${archive}\$" | sha256sum --check - \
    && tar --extract --strip-components=1 --file "${archive}" \
    && rm "${archive}"

# ---- ONNX Runtime with CUDA and TensorRT: shared library, binding for Node, wheel for the engine builder
FROM jetson-base AS onnxruntime
ARG ONNXRUNTIME_VERSION=1.30.0
ARG BUILD_TOOLS="cmake==3.31.6 numpy==2.2.6 packaging==25.0 setuptools==80.9.0 wheel==0.45.1"
# 87: Orin. 110: Thor.
ARG CUDA_ARCHITECTURES=87
# ONNX Runtime's wheel wants 3.11 or newer. JetPack 6: python3.11 of Ubuntu's universe. JetPack 7: python3.12.
ARG ENGINE_PYTHON=python3.11
ARG CUDA_HOME=/usr/local/cuda
ARG CUDNN_HOME=/usr
ARG TENSORRT_HOME=/usr
# Compilers of CUDA kernels take 2 to 4 GB each.
ARG BUILD_JOBS=4
ENV PATH=/opt/engines/bin:/opt/node/bin:${PATH}
COPY --from=node /opt/node /opt/node
# BUILD_TOOLS is a list, and pinned above.
# hadolint ignore=DL3008,DL3013,SC2086
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        build-essential git "${ENGINE_PYTHON}" "${ENGINE_PYTHON}-dev" "${ENGINE_PYTHON}-venv" \
    && rm -rf /var/lib/apt/lists/* \
    && "${ENGINE_PYTHON}" -m venv /opt/engines \
    && pip install --no-cache-dir ${BUILD_TOOLS}
WORKDIR /onnxruntime
RUN git clone --depth 1 --branch "v${ONNXRUNTIME_VERSION}" --recurse-submodules --shallow-submodules \
        https://github.com/microsoft/onnxruntime.git .
# hadolint ignore=DL3059
RUN ./build.sh --config Release --update --build --parallel "${BUILD_JOBS}" --nvcc_threads 1 --skip_tests \
        --allow_running_as_root --build_shared_lib --build_wheel \
        --use_cuda --cuda_home "${CUDA_HOME}" --cudnn_home "${CUDNN_HOME}" \
        --use_tensorrt --tensorrt_home "${TENSORRT_HOME}" \
        --cmake_extra_defines "CMAKE_CUDA_ARCHITECTURES=${CUDA_ARCHITECTURES}" onnxruntime_BUILD_UNIT_TESTS=OFF
# The libraries above take hours: a layer of their own. Scripts are left out for the one that downloads libraries of CUDA;
# `prepare` compiles what builds the binding, and the types it needs.
WORKDIR /onnxruntime/js
# hadolint ignore=DL3059
RUN npm ci --ignore-scripts \
    && npm --prefix common ci --ignore-scripts && npm --prefix common run prepare \
    && npm --prefix node ci --ignore-scripts && npm --prefix node run prepare
WORKDIR /onnxruntime/js/node
RUN npm run build -- --config=Release --onnxruntime-build-dir=/onnxruntime/build/Linux/Release --use_cuda --use_tensorrt \
    && cp /onnxruntime/build/Linux/Release/libonnxruntime_providers_*.so bin/napi-v6/linux/arm64/ \
    && mkdir -p /opt/onnxruntime/wheel \
    && cp -a bin/napi-v6/linux/arm64 /opt/onnxruntime/binding \
    && cp /onnxruntime/build/Linux/Release/dist/*.whl /opt/onnxruntime/wheel/

# ---- This package by colcon, on the Jetson's image
FROM jetson-base AS jetson-build
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
ENV PATH=/opt/node/bin:${PATH} ONNXRUNTIME_NODE_INSTALL=skip
COPY --from=node /opt/node /opt/node
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends build-essential python3-colcon-common-extensions \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /workspace
COPY . src/mle_sam_ros
RUN . "/opt/ros/${ROS_DISTRO}/setup.bash" \
    && colcon build --merge-install --install-base /opt/mle-sam --packages-select mle_sam_ros
COPY --from=onnxruntime /opt/onnxruntime/binding \
    /opt/mle-sam/share/mle_sam_ros/node_modules/onnxruntime-node/bin/napi-v6/linux/arm64

# ---- What runs on a Jetson
FROM jetson-base AS jetson
ARG ROS_DISTRO
ARG ENGINE_PYTHON=python3.11
ARG ONNX_VERSION=1.23.2
ARG USER_ID=1000
COPY --from=onnxruntime /opt/onnxruntime/wheel /tmp/wheel
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends "${ENGINE_PYTHON}" "${ENGINE_PYTHON}-venv" \
    && rm -rf /var/lib/apt/lists/* \
    && "${ENGINE_PYTHON}" -m venv /opt/engines \
    && /opt/engines/bin/pip install --no-cache-dir "onnx==${ONNX_VERSION}" /tmp/wheel/*.whl \
    && rm -r /tmp/wheel \
    && if id "${USER_ID}" >/dev/null 2>&1; then userdel --remove "$(id --name --user "${USER_ID}")"; fi \
    && useradd --uid "${USER_ID}" --create-home --groups video mle-sam \
    && install -d -o mle-sam -g mle-sam /var/lib/mle-sam/engines
COPY --from=node /opt/node /opt/node
COPY --from=jetson-build /opt/mle-sam /opt/mle-sam
COPY docker/entrypoint.sh docker/healthcheck.sh /opt/mle-sam/bin/
ENV ROS_DISTRO=${ROS_DISTRO} MLE_SAM_ENGINES=/var/lib/mle-sam/engines MLE_SAM_PYTHON=/opt/engines/bin/python \
    MLE_SAM_BUILD_ENGINE="tensorrt cuda" PATH=/opt/mle-sam/lib/mle_sam_ros:/opt/node/bin:${PATH}
VOLUME /var/lib/mle-sam/engines
USER ${USER_ID}
WORKDIR /home/mle-sam
# The first start compiles engines, which takes minutes.
HEALTHCHECK --interval=30s --timeout=20s --start-period=30m --retries=3 CMD ["/opt/mle-sam/bin/healthcheck.sh"]
ENTRYPOINT ["/opt/mle-sam/bin/entrypoint.sh"]
CMD ["ros2", "launch", "mle_sam_ros", "mle_sam.launch.py"]

# ---- This package by colcon, on ROS's own image
FROM ${DESK_IMAGE} AS desk-build
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
ENV PATH=/opt/node/bin:${PATH} ONNXRUNTIME_NODE_INSTALL=skip
COPY --from=node /opt/node /opt/node
WORKDIR /workspace
COPY . src/mle_sam_ros
RUN . "/opt/ros/${ROS_DISTRO}/setup.bash" \
    && colcon build --merge-install --install-base /opt/mle-sam --packages-select mle_sam_ros

# ---- What runs on a desk
FROM ${DESK_IMAGE} AS desk
ARG USER_ID=1000
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends "ros-${ROS_DISTRO}-vision-msgs" \
    && rm -rf /var/lib/apt/lists/* \
    && if id "${USER_ID}" >/dev/null 2>&1; then userdel --remove "$(id --name --user "${USER_ID}")"; fi \
    && useradd --uid "${USER_ID}" --create-home mle-sam
COPY --from=node /opt/node /opt/node
COPY --from=desk-build /opt/mle-sam /opt/mle-sam
COPY docker/entrypoint.sh docker/healthcheck.sh /opt/mle-sam/bin/
ENV PATH=/opt/mle-sam/lib/mle_sam_ros:/opt/node/bin:${PATH}
USER ${USER_ID}
WORKDIR /home/mle-sam
HEALTHCHECK --interval=30s --timeout=20s --start-period=1m --retries=3 CMD ["/opt/mle-sam/bin/healthcheck.sh"]
ENTRYPOINT ["/opt/mle-sam/bin/entrypoint.sh"]
CMD ["ros2", "launch", "mle_sam_ros", "mle_sam.launch.py"]
