import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { demangle } from '../../../../src/wasm/demangle/demangle.js';
import { readFunctionNames } from '../../../../src/wasm/function-names.js';

/** Names that stand in the modules of `examples/` and in Rust's own programs, and what rustc-demangle 0.1 makes of them. */
const PAIRS: readonly (readonly [string, string])[] = [
  [
    '_RNCNCNCNvNtCsjrHSEGnQ3l9_3std2rt19lang_start_internal00s_0B9_',
    'std::rt::lang_start_internal::{closure#0}::{closure#0}::{closure#1}',
  ],
  ['_RNCNvNtNtNtCsjrHSEGnQ3l9_3std3sys3env4unix6getenv0B9_', 'std::sys::env::unix::getenv::{closure#0}'],
  ['_RNvCsfLfy6EI15iL_7___rustc35___rust_no_alloc_shim_is_unstable_v2', '__rustc::__rust_no_alloc_shim_is_unstable_v2'],
  [
    '_RNSNvYNCNvNtNtNtCsjrHSEGnQ3l9_3std3sys11personality3gcc14find_eh_actions_0INtNtNtCsgEmfK2I1SDS_4core3ops8function6FnOnceuE9call_once6vtableBe_',
    '<std::sys::personality::gcc::find_eh_action::{closure#1} as core::ops::function::FnOnce<()>>::call_once::{shim:vtable#0}',
  ],
  ['_RNvXs1g_NtCsgXGp5Oqx2Ny_4core3fmtRDNtB6_5DebugEL_Bx_3fmtB8_', '<&dyn core::fmt::Debug as core::fmt::Debug>::fmt'],
  [
    '_RNvXs1g_NtCsgEmfK2I1SDS_4core3fmtRINtNtCslNYArtu3iFV_5alloc5boxed3BoxDNtNtB8_5error5ErrorNtNtB8_6marker4SyncNtB1r_4SendEL_ENtB6_5Debug3fmtCsjrHSEGnQ3l9_3std',
    '<&alloc::boxed::Box<dyn core::error::Error + core::marker::Sync + core::marker::Send> as core::fmt::Debug>::fmt',
  ],
  [
    '_RNvMs3_NtCslNYArtu3iFV_5alloc7raw_vecINtB5_6RawVecTOhFUKCBN_EuENtNtCsjrHSEGnQ3l9_3std5alloc6SystemE8grow_oneB13_',
    '<alloc::raw_vec::RawVec<(*mut u8, unsafe extern "C" fn(*mut u8)), std::alloc::System>>::grow_one',
  ],
  [
    '_RNvXNtNtCs6O6TnIPaRGP_6object4read8read_refRShNtB2_7ReadRef19read_bytes_at_until',
    '<&[u8] as object::read::read_ref::ReadRef>::read_bytes_at_until',
  ],
  [
    '_RINvMNtCsgEmfK2I1SDS_4core5sliceSh11copy_withinINtNtNtB5_3ops5range14RangeInclusivejEECsfEOYDRpO4Ta_11miniz_oxide',
    '<[u8]>::copy_within::<core::ops::range::RangeInclusive<usize>>',
  ],
  [
    '_RNvYINtCsgY6Mt91CT9J_14rustc_demangle21SizeLimitedFmtAdapterQNtNtCsgEmfK2I1SDS_4core3fmt9FormatterENtBZ_5Write10write_charB5_',
    '<rustc_demangle::SizeLimitedFmtAdapter<&mut core::fmt::Formatter> as core::fmt::Write>::write_char',
  ],
  [
    '_RNvYINtNtNtCset5xJoy1xWQ_3std2io6cursor6CursorQShENtB7_5Write9write_fmtB9_',
    '<std::io::cursor::Cursor<&mut [u8]> as std::io::Write>::write_fmt',
  ],
  [
    '_RNvMs3_NtCslNYArtu3iFV_5alloc7raw_vecINtB5_6RawVecPaE8grow_oneCsjrHSEGnQ3l9_3std',
    '<alloc::raw_vec::RawVec<*const i8>>::grow_one',
  ],
  [
    '_RNvXsq_NtCsgEmfK2I1SDS_4core3fmtONtNtB7_3ffi6c_voidNtB5_5Debug3fmtCsjrHSEGnQ3l9_3std',
    '<*mut core::ffi::c_void as core::fmt::Debug>::fmt',
  ],
  [
    '_RNvMs3_NtCslNYArtu3iFV_5alloc7raw_vecINtB5_6RawVecTNtNtCsduwmD7cSIQq_5gimli6common15DebugInfoOffsetNtBP_18DebugArangesOffsetEE8grow_oneCsjrHSEGnQ3l9_3std',
    '<alloc::raw_vec::RawVec<(gimli::common::DebugInfoOffset, gimli::common::DebugArangesOffset)>>::grow_one',
  ],
  [
    '_RINvNtCsgEmfK2I1SDS_4core3ptr13drop_in_placeTjNtNtNtNtCsjrHSEGnQ3l9_3std12backtrace_rs9symbolize5gimli7MappingEEBQ_',
    'core::ptr::drop_in_place::<(usize, std::backtrace_rs::symbolize::gimli::Mapping)>',
  ],
  [
    '_RNvNvNtCsgEmfK2I1SDS_4core5slice20copy_from_slice_impl17len_mismatch_fail',
    'core::slice::copy_from_slice_impl::len_mismatch_fail',
  ],
  [
    '_RNvXs_NvMs_NtNtCslNYArtu3iFV_5alloc3ffi5c_strNtB9_7CString3newRShNtB4_11SpecNewImpl13spec_new_impl',
    '<&[u8] as <alloc::ffi::c_str::CString>::new::SpecNewImpl>::spec_new_impl',
  ],
  [
    '_RINvMs4_NtCsgY6Mt91CT9J_14rustc_demangle2v0NtB6_7Printer9in_binderNCNvB2_10print_types_0EB8_',
    '<rustc_demangle::v0::Printer>::in_binder::<<rustc_demangle::v0::Printer>::print_type::{closure#1}>',
  ],
  [
    '_RNCNvNtNtNtCsjrHSEGnQ3l9_3std3sys11personality3gcc14find_eh_actions_0B9_',
    'std::sys::personality::gcc::find_eh_action::{closure#1}',
  ],
  [
    '_RNvXsf_NtCs5cOc02OMXlo_5alloc5boxedINtB5_3BoxeENtNtCsgXGp5Oqx2Ny_4core5clone5Clone5clone',
    '<alloc::boxed::Box<str> as core::clone::Clone>::clone',
  ],
  [
    '_RNvXsP_NtCslNYArtu3iFV_5alloc6stringNtB5_6StringINtNtCsgEmfK2I1SDS_4core7convert4FromINtNtB7_6borrow3CoweEE4from',
    '<alloc::string::String as core::convert::From<alloc::borrow::Cow<str>>>::from',
  ],
  [
    '_RINvNtNtCsjrHSEGnQ3l9_3std3sys9backtrace26___rust_end_short_backtraceNCNvNtB6_9panicking13panic_handler0zEB6_',
    'std::sys::backtrace::__rust_end_short_backtrace::<std::panicking::panic_handler::{closure#0}, !>',
  ],
  [
    '_RINvNtNtCset5xJoy1xWQ_3std3sys9backtrace26___rust_end_short_backtraceNCNvNtB6_9panicking13panic_handler0zEB6_',
    'std::sys::backtrace::__rust_end_short_backtrace::<std::panicking::panic_handler::{closure#0}, !>',
  ],
  [
    '_RINvNtCsdHhIpgkcIfN_4core9panicking13assert_failedbbECset5xJoy1xWQ_3std',
    'core::panicking::assert_failed::<bool, bool>',
  ],
  [
    '_RINvNtCsgEmfK2I1SDS_4core9panicking13assert_failedllECsjrHSEGnQ3l9_3std',
    'core::panicking::assert_failed::<i32, i32>',
  ],
  [
    '_RNCINvMs0_NtNtCsjrHSEGnQ3l9_3std4sync4onceNtB8_4Once9call_onceNCNvNtBc_2rt7cleanup0E0Bc_',
    '<std::sync::once::Once>::call_once::<std::rt::cleanup::{closure#0}>::{closure#0}',
  ],
  [
    '_RINvNtNtCsebHcaeoSrxy_3std3sys9backtrace26___rust_end_short_backtraceNCNvNtB6_5alloc8rust_oom0zEB6_',
    'std::sys::backtrace::__rust_end_short_backtrace::<std::alloc::rust_oom::{closure#0}, !>',
  ],
  ['_ZN5alloc3str21_$LT$impl$u20$str$GT$7replace17h3325436e6172dbd2E', 'alloc::str::<impl str>::replace'],
  ['_ZN4core3str21_$LT$impl$u20$str$GT$3len17ha544f6a5b1d031e3E', 'core::str::<impl str>::len'],
  [
    '_ZN14rustc_demangle8demangle28_$u7b$$u7b$closure$u7d$$u7d$17hd76913b7a41021f7E',
    'rustc_demangle::demangle::{{closure}}',
  ],
  ['_ZN11rustup_init4main28_$u7b$$u7b$closure$u7d$$u7d$17ha4444ffd4fbde65aE', 'rustup_init::main::{{closure}}'],
  ['_ZN4core6option19Option$LT$$RF$T$GT$6cloned17ha19c4d8a72c4289bE', 'core::option::Option<&T>::cloned'],
  [
    '_ZN4core5slice29_$LT$impl$u20$$u5b$T$u5d$$GT$18split_at_unchecked17hcd0fb68707ade49eE',
    'core::slice::<impl [T]>::split_at_unchecked',
  ],
  ['_ZN4core5slice29_$LT$impl$u20$$u5b$T$u5d$$GT$3get17h2e358a5356f81754E', 'core::slice::<impl [T]>::get'],
  [
    '_ZN4core3ptr9const_ptr33_$LT$impl$u20$$BP$const$u20$T$GT$13is_aligned_to17hdae72645b1f477afE',
    'core::ptr::const_ptr::<impl *const T>::is_aligned_to',
  ],
  [
    '_ZN4core3ptr9const_ptr33_$LT$impl$u20$$BP$const$u20$T$GT$20offset_from_unsigned18precondition_check17h1bcb7954f79c1166E',
    'core::ptr::const_ptr::<impl *const T>::offset_from_unsigned::precondition_check',
  ],
  ['_ZN4core3str21_$LT$impl$u20$str$GT$4find17h9f905d39e2ba8e0dE', 'core::str::<impl str>::find'],
  ['_ZN4core3str21_$LT$impl$u20$str$GT$4find17h5752b5d17bf73d89E', 'core::str::<impl str>::find'],
  ['_ZN5alloc2rc15Rc$LT$T$C$A$GT$9drop_slow17hc81a01e18cf15e7dE', 'alloc::rc::Rc<T,A>::drop_slow'],
  ['_ZN5alloc3vec16Vec$LT$T$C$A$GT$6resize17ha56369e73ac92731E', 'alloc::vec::Vec<T,A>::resize'],
  ['_ZN5fs_at8read_dir17h883114366e0d413eE', 'fs_at::read_dir'],
  ['_ZN3log5STATE17h6b692d5accbdc6aeE', 'log::STATE'],
  ['_ZN4curl9INIT_CTOR17hfc0820e97765dd35E', 'curl::INIT_CTOR'],
];

describe('demangle', () => {
  test.each(PAIRS)('%s', (mangled, plain) => {
    expect(demangle(mangled)).toBe(plain);
  });

  test.each(['echo/echo.wasm', 'echo/echo.unknown.wasm', 'sentiment-analyzer/sentiment-analyzer.wasm'])(
    'leaves no mangled name in examples/%s',
    (file) => {
      const module = new WebAssembly.Module(readFileSync(`examples/${file}`));
      const [section] = WebAssembly.Module.customSections(module, 'name');
      const names = [...readFunctionNames(new Uint8Array(section as ArrayBuffer)).values()].map(demangle);
      expect(names.length).toBeGreaterThan(300);
      expect(names.filter((name) => /^_R[A-Z]|^_ZN|\$(LT|GT|u20|RF)\$|::h[0-9a-f]{16}$/.test(name))).toEqual([]);
    },
  );

  test('leaves other names as they are', () => {
    for (const name of [
      '',
      'memcpy',
      '_R',
      '_Random',
      '_ZN',
      '_ZN3fooE3',
      '_ZN3foo',
      '_ZN9fooE',
      'hal9:plugin/neuron@0.1.0#process',
    ]) {
      expect(demangle(name)).toBe(name);
    }
  });

  test('leaves out what compilers put behind a name', () => {
    expect(demangle('_ZN4core3fmt5write17h0123456789abcdefE.llvm.123')).toBe('core::fmt::write');
    expect(demangle('_RNvNtC4core3fmt5write.334')).toBe('core::fmt::write');
  });

  test('writes constants as they stand in the source', () => {
    expect(demangle('_RINvC1a1bKi5_KinA_Kb1_Kc41_Kp')).toBe('_RINvC1a1bKi5_KinA_Kb1_Kc41_Kp');
    expect(demangle('_RINvC1a1bKi5_Kina_Kb1_Kc41_KpE')).toBe("a::b::<5, -10, true, 'A', _>");
    expect(demangle('_RINvC1a1bKRe616263_E')).toBe('a::b::<"abc">');
  });

  test('cuts what is long, and takes little time for what refers back to itself', () => {
    expect(demangle('x'.repeat(100_000))).toHaveLength(400);
    expect(demangle(`_RNvC1a100000${'b'.repeat(100_000)}`).length).toBeLessThanOrEqual(400);
    // Every tuple holds the one before it twice: 2^60 types in 300 bytes.
    let name = '_RINvC1a1bTuuE';
    let at = 8;
    for (let i = 0; i < 60; i++) {
      const next = name.length - 2;
      const back = `B${base62(at)}`;
      name += `T${back}${back}E`;
      at = next;
    }
    expect(demangle(`${name}E`).length).toBeLessThanOrEqual(400);
    expect(demangle(`_RINvC1a1b${'T'.repeat(50_000)}`)).toHaveLength(400);
    expect(demangle(`_RNvC1aB${base62(5)}`)).toMatch(/^_RNv/);
  });
});

/** `_` is 0, `0_` is 1. */
function base62(value: number): string {
  const digits = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';
  if (value === 0) return '_';
  let text = '';
  for (let rest = value - 1; rest > 0 || text === ''; rest = Math.floor(rest / 62))
    text = (digits[rest % 62] as string) + text;
  return `${text}_`;
}
