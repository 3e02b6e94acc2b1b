// Six devices that people have, as Chrome reports them to a page: what plans may assume of each, and what it can do at most.
//
// Limits are those that Dawn gives out (src/dawn/native): D3D12's are fixed in d3d12/PhysicalDeviceD3D12.cpp (1024
// invocations, 32 KiB of workgroup memory, buffers of 2 GiB), Metal's in metal/PhysicalDeviceMTL.mm by GPU family; a page
// sees them lowered to the tiers of Limits.cpp (of bindings: 2 GiB − 4 bytes). On D3D12 subgroupMinSize is the driver's
// WaveLaneCountMin, and subgroupMaxSize is 128 on all devices. Rates are those that the makers publish.
// What no source told is WebGPU's default.
import { baselineCapabilities, type Capabilities } from '../../../src/plan/kernel.ts';

/** A device, and the rates of its data sheet: no kernel reaches them. */
export interface TypicalDevice {
  readonly name: string;
  readonly capabilities: Capabilities;
  /** Undefined where it takes the governor's word: no device is known to be slower. */
  readonly rates?: { readonly flopsPerSecond: number; readonly bytesPerSecond: number };
}

const mostBindingBytes = 2 ** 31 - 4;

const onWindows: Capabilities = {
  features: new Set(['subgroups', 'shader-f16', 'timestamp-query']),
  subgroupMinSize: 32,
  subgroupMaxSize: 128,
  maxBindingBytes: mostBindingBytes,
  maxBufferBytes: 2 ** 31,
  maxWorkgroupStorageBytes: 32_768,
  maxInvocationsPerWorkgroup: 1024,
};

export const typicalDevices: readonly TypicalDevice[] = [
  {
    name: 'Apple M2',
    // Families Apple8 and Mac2: subgroups, 1024 invocations, 32 KiB. SIMD-groups have 32 lanes (WebKit and Dawn report 32
    // for both sizes). Dawn takes UINT32_MAX bytes of a buffer at most, which the tiers lower to 2 GiB.
    capabilities: { ...onWindows, subgroupMaxSize: 32 },
    // Apple's press release of June 2022: 3.6 teraflops, 100 GB/s.
    rates: { flopsPerSecond: 3.6e12, bytesPerSecond: 100e9 },
  },
  {
    name: 'NVIDIA RTX 4070',
    // Warps have 32 lanes (CUDA programming guide). Windows, D3D12.
    capabilities: onWindows,
    // NVIDIA's Ada architecture paper: 29.1 TFLOPS in 32 bits, 504 GB/s.
    rates: { flopsPerSecond: 29.1e12, bytesPerSecond: 504e9 },
  },
  {
    name: 'AMD RX 7600',
    // RDNA runs wave32 and wave64 (AMD's RDNA white paper), so that WaveLaneCountMin is 32. Windows, D3D12.
    capabilities: onWindows,
    // AMD's product page: 21.75 TFLOPS in 32 bits (dual issue counted), 288 GB/s.
    rates: { flopsPerSecond: 21.75e12, bytesPerSecond: 288e9 },
  },
  {
    name: 'Intel Iris Xe',
    // Xe-LP compiles for 8, 16 or 32 lanes (Intel's Xe-LP optimisation guide). Windows, D3D12.
    capabilities: { ...onWindows, subgroupMinSize: 8 },
    // 96 units of 16 flops a cycle at 1.35 GHz (Core i7-1185G7); two channels of LPDDR4X-4266.
    rates: { flopsPerSecond: 2.07e12, bytesPerSecond: 68e9 },
  },
  {
    name: 'Qualcomm Adreno X1-85',
    // Waves of 64 and 128 lanes (Mesa's turnip driver: threadsize_base 64, doubled). Windows, D3D12, where Dawn keeps
    // bindings of Qualcomm's at 2²⁷ bytes.
    capabilities: { ...onWindows, subgroupMinSize: 64, maxBindingBytes: 2 ** 27 },
    // Qualcomm's product brief of the Snapdragon X Elite: 4.6 TFLOPS, 135 GB/s.
    rates: { flopsPerSecond: 4.6e12, bytesPerSecond: 135e9 },
  },
  { name: 'baseline limits', capabilities: baselineCapabilities },
];
